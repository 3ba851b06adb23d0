"""How often a first mapping is right on files of one's own: registers, exports and XLSForms, each with what its columns are.

Beside `register.xlsx` lies `register.key.yaml`: `columns: [["Header", "column"], …]` in the order of the sheet, where the column
is one of a ready mapping ("-": none, "a|b": either). Where the sheet has headings above its headers, `heading_above` says
them, one for each column; of a header in two languages either row may be named. A question of a form goes by its name,
whatever its groups.

Right: proposed as what it is, be it as a question (`asked`). An answer that an export says again, in a column of its own, is
right where its question is read. So is a kind of help that was given, where its header is ticked as a word of what was given.
Missed: not proposed at all. Wrong: proposed as something else, or proposed although it is nothing. No cell is shown.

`python -m benchmarks.first_mappings FOLDER [FOLDER …]`
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hub.cli.scaffold import proposed
from hub.cli.scaffold_source import samples
from hub.mapping.scaffold import Proposal
from hub.mapping.scaffold.table import Question

NOTHING: Final = "-"
TICKED: Final = "service_given"
GIVEN: Final = "given_"
KEY: Final = ".key.yaml"
SAME: Final = {
    "interview_date": "visit_date",
    "incident_id": "case_number",
    "gbv_type": "violence_types",
    "place": "violence_place",
    "perpetrator_relation": "aggressor_relation",
    "case_manager_code": "worker",
    "country_of_origin": "nationality",
    "previous_incidents": "repeated",
    **dict.fromkeys(
        (f"violence_{kind}" for kind in ("physical", "psychological", "sexual", "economic", "legal", "digital")),
        "violence_types",
    ),
}
"""One meaning, as the ready mappings call it: of the GBVIMS workbook, and of the others. A column that is ticked for one kind of
violence is one of its kinds."""


@dataclass(frozen=True)
class Judged:
    """One column: what it is, and what was proposed."""

    header: str
    wanted: frozenset[str]
    column: str
    confidence: str

    @property
    def mappable(self) -> bool:
        return NOTHING not in self.wanted

    @property
    def right(self) -> bool:
        return self.column in self.wanted

    @property
    def wrong(self) -> bool:
        return self.column != NOTHING and not self.right


def main(folders: Sequence[Path]) -> None:
    total: Counter[str] = Counter()
    for folder in folders:
        for key in sorted(folder.glob(f"*{KEY}")):
            base, columns = judged(key)
            figures = counted(columns)
            total.update(figures)
            print(f"{file_of(key).name} ({base}): {json.dumps(figures)}")
            for one in columns:
                if one.wrong or (one.mappable and not one.right):
                    print(
                        f"    {one.header} = {'|'.join(sorted(one.wanted))}, proposed: {one.column} ({one.confidence})"
                    )
    print(json.dumps(dict(total)))


def judged(key: Path) -> tuple[str, list[Judged]]:
    """The ready mapping that is extended, and each column of the key in its order."""
    said: dict[str, Any] = yaml.load(key.read_text("utf-8"), Loader=yaml.BaseLoader)
    base, _, proposal = proposed(Path("nowhere"), samples(str(file_of(key))))
    return base, judge(proposal, said)


def judge(proposal: Proposal, said: Mapping[str, Any]) -> list[Judged]:
    """`said`: the columns as a key says them."""
    lines = {id(line.question): line for line in proposal.lines}
    read = {line.question.header for line in proposal.lines if line.column}
    found = []
    for header, wanted, question in keyed([line.question for line in proposal.lines], said):
        line = lines.get(id(question))
        column = line.column if line and line.column else NOTHING
        if line and question and question.again and question.again in read and NOTHING not in wanted:
            column = min(wanted)
        if line and line.ticks and column == TICKED and any(one.startswith(GIVEN) for one in wanted):
            column = next(one for one in sorted(wanted) if one.startswith(GIVEN))
        found.append(Judged(header, wanted, SAME.get(column, column), line.confidence if line else "none"))
    return found


def keyed(asked: Sequence[Question], said: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str], Question | None]]:
    """Each column of a key: its header, what it is, and where it stands among these."""
    left = list(asked)
    for header, wanted, heading in _columns(said):
        called = (f"{heading} {header}", header)
        question = next((one for name in called for one in left if name in _called(one)), None)
        left = [one for one in left if one is not question]
        yield header, frozenset(SAME.get(one, one) for one in wanted.split("|")), question


def counted(columns: Sequence[Judged]) -> dict[str, int]:
    return {
        "mappable": sum(one.mappable for one in columns),
        "right": sum(one.mappable and one.right for one in columns),
        "of these asked": sum(one.mappable and one.right and one.confidence == "low" for one in columns),
        "missed": sum(one.mappable and one.column == NOTHING for one in columns),
        "wrong": sum(one.wrong for one in columns),
        "wrong with high confidence": sum(one.wrong and one.confidence == "high" for one in columns),
    }


def _columns(said: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    above = said.get("heading_above") or [""] * len(said["columns"])
    for (header, wanted), heading in zip(said["columns"], above, strict=True):
        yield " ".join(header.split()), wanted, " ".join(heading.split())


def _called(question: Question) -> set[str]:
    """Of a header in two languages either text, also where another column has the same."""
    header, *others = (" ".join(text.split()) for text in (question.header, *question.both))
    return {header, header.rpartition("/")[2]} if question.kind else {header, *others} - {""}


def file_of(key: Path) -> Path:
    """The register beside this key."""
    stem = key.name.removesuffix(KEY)
    return next(one for one in sorted(key.parent.glob(f"{stem}.*")) if one != key)


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:]])
