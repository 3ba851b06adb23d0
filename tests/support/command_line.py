"""The command line in one deployment folder, and registers whose people must never be seen."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from hub.__main__ import main

HEADERS = (
    "N° dossier;Date d'accueil;Code bénéficiaire;Nom et prénom;Téléphone;Âge;Province;Type de violence;Demande;"
    "Orientée vers;Date d'orientation;Consentement;Date du consentement;Observations"
)
MARKS = ("Zineb Marquée", "0612345678", "612345678", "Récit très secret", "Fatima Marquée", "0611111111")
"""What must never be seen: names, telephones, narratives of the registers below."""

GOOD = (
    "1;05/01/2026;AR-001;Zineb Marquée;0612345678;34;Agadir-Ida-Ou-Tanane;violence physique;psychologique;"
    "Hôpital Exemple;06/01/2026;oui;05/01/2026;Récit très secret"
)
BAD = "3;12/01/2026;AR-003;Fatima Marquée;0611111111;40;Agadir-Ida-Ou-Tanane;violence lunaire;juridique;;;non;;Récit très secret"
MENDED = BAD.replace("violence lunaire", "violence psychologique")


@dataclass(frozen=True)
class Command:
    """The command line in one deployment folder."""

    home: Path

    def __call__(self, *arguments: str, language: str = "en") -> Result:
        runner = CliRunner(catch_exceptions=False)
        return runner.invoke(main, ["--home", str(self.home), "--lang", language, *arguments])

    def json(self, *arguments: str) -> Any:
        """What a program would read of an answer."""
        return json.loads(self(*arguments, "--json").stdout)

    def register(self, *rows: str, connection: str = "register") -> None:
        """Put these rows into the register of a connection of the example association."""
        (self.home / "registers").mkdir(exist_ok=True)
        (self.home / "registers" / f"{connection}.csv").write_text("\n".join((HEADERS, *rows, "")), "utf-8")
        self.connect(connection, path=f"registers/{connection}.csv")

    def connect(self, connection: str, **settings: str) -> None:
        lines = ["organization: example-association", "adapter: spreadsheet", "mapping: spreadsheet/register-fr"]
        lines += ["settings:", *(f"  {name}: {value}" for name, value in settings.items()), ""]
        (self.home / "connections" / f"{connection}.yaml").write_text("\n".join(lines), "utf-8")


def marks_in(text: str) -> list[str]:
    """What identifies somebody and was printed all the same."""
    return [mark for mark in MARKS if mark in text]
