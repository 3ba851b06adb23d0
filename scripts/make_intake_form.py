"""Make `mappings/odk/intake/intake.xlsx`, the intake form for KoboToolbox and ODK Central, of `form.yaml` beside it. Run by hand;
the result is committed, and a test finds it as this script makes it.

https://xlsform.org: sheets `survey`, `choices` and `settings`; `label::Language (code)` for each language.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from openpyxl import Workbook

from hub.fhir import definitions

ROOT: Final = Path(__file__).parents[1] / "mappings"
FORM: Final = ROOT / "odk" / "intake" / "form.yaml"
MAPS: Final = ROOT / "kobo" / "intake"
LANGUAGES: Final = {"ar": "العربية (ar)", "fr": "Français (fr)", "en": "English (en)"}
LABELS: Final = [f"label::{language}" for language in LANGUAGES.values()]
FURTHER: Final = ["required", "relevant", "constraint", "appearance", "readonly"]
WHY: Final = [f"constraint_message::{language}" for language in LANGUAGES.values()]
Table = list[list[str]]


def tables() -> dict[str, Table]:
    """The sheets, row by row."""
    form = yaml.safe_load(FORM.read_text("utf-8"))
    settings = form["settings"]
    return {
        "survey": [
            ["type", "name", *LABELS, *FURTHER, *WHY],
            *(_question(one, form["reasons"]) for one in form["survey"]),
        ],
        "choices": [["list_name", "name", *LABELS], *_choices(form["choices"])],
        "settings": [list(settings), [str(value) for value in settings.values()]],
    }


def _question(said: list[Any], reasons: dict[str, list[str]]) -> list[str]:
    further = said[-1] if isinstance(said[-1], dict) else {}
    told = [str(one) for one in said if one is not further]
    why = reasons[further["why"]] if "why" in further else [""] * len(WHY)
    return [*told, *[""] * (2 + len(LABELS) - len(told)), *(further.get(name, "") for name in FURTHER), *why]


def _choices(lists: dict[str, Any]) -> Iterator[list[str]]:
    for name, said in lists.items():
        rows = _mapped(said["map"]) if isinstance(said, dict) else said
        yield from ([name, *(str(one) for one in row)] for row in rows)


def _mapped(name: str) -> Iterator[list[str]]:
    """The codes of a concept map, the first of each meaning, with its label in the contract."""
    told: set[str] = set()
    for group in json.loads((MAPS / f"{name}.json").read_text("utf-8"))["group"]:
        concepts = definitions.load().code_system(group["target"].rpartition("/")[2]).codes
        for element in group["element"]:
            target, code = element["target"][0].get("code"), element["code"]
            labels = {"en": concepts[target].display, **dict(concepts[target].designations)}
            row = [code, *(labels[language] for language in LANGUAGES)]
            if not told & {code, row[-1]}:
                told |= {code, row[-1]}
                yield row


def main() -> None:
    """Write the workbook."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in tables().items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(FORM.with_name("intake.xlsx"))


if __name__ == "__main__":
    main()
