"""Records that are set aside, of connections of several organisations, as they come in."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from hub import mapping
from hub.delivery.write_back import Door
from hub.exchange import Hub
from hub.exchange.upload import upload
from hub.ports import Caller
from tests.support.command_line import BAD
from tests.support.uploading import FORM, register

WORD: Final = "violence lunaire"


def bad(number: int, **changed: str) -> str:
    """A row whose kind of violence no list knows; no two are alike."""
    row = BAD.replace("3;12/01", f"{number};12/01").replace("AR-003", f"AR-9{number:05}")
    for was, now in changed.items():
        row = row.replace({"word": WORD, "day": "12/01/2026"}[was], now)
    return row


def hand_over(hub: Hub, doors: dict[str, Door], name: str, *rows: str) -> None:
    door = doors[name]
    caller = Caller(f"{name}-system", door.connection.organization, "COC")
    upload(name, register(*rows), caller, doors=doors, commit=True, hub=hub)


def taught(door: Door, folder: Path) -> Door:
    """The same, where the form knows the word now."""
    own = folder / "taught"
    own.mkdir(exist_ok=True)
    (own / "mapping.yaml").write_text(
        f"extends: {FORM}\nid: {FORM}\nversion: '2'\ncolumns:\n  violence_types:\n    map: [violence-types, ours]\n",
        "utf-8",
    )
    (own / "ours.json").write_text(
        """{"resourceType": "ConceptMap", "url": "https://ihala.example/fhir/ConceptMap/ours", "status": "active", "group": [{
        "source": "https://ihala.example/fhir/CodeSystem/ours-fr", "target": "https://ihala.example/fhir/CodeSystem/gbv-type",
        "element": [{"code": "violence lunaire", "target": [{"code": "psychological-abuse", "equivalence": "equivalent"}]}]}]}""",
        "utf-8",
    )
    return replace(door, mapping=mapping.load(str(own / "mapping.yaml")))
