"""`mappings/registers.csv`: of registers whose columns are known, what each column means and what its cells look like.

Beside each register lies its key (`benchmarks/first_mappings.py` says how). No cell is written: of the words in them only those
that columns of one meaning have in several registers, and no names of people but such as many have.

`python -m scripts.derive_registers FOLDER [FOLDER …]`
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml

from benchmarks import first_mappings as keys
from hub.cli.scaffold import TABLE, asked_in, ready_mappings
from hub.cli.scaffold_source import samples
from hub.mapping.scaffold.cells import HEADING, said, words
from hub.mapping.scaffold.table import Question

WRITTEN: Final = Path(__file__).parents[1] / "mappings/registers.csv"
OFTEN: Final = 2  # registers in which a word is
COMMON: Final = 3  # and those of people, or of columns that are none
PEOPLE: Final = frozenset({"full_name", "given_name", "family_name", "worker", "guardian"})


def main(folders: Sequence[Path]) -> None:
    ready = dict(ready_mappings(Path("nowhere"), frozenset({TABLE})))["spreadsheet/register-detailed"]
    found = [
        (f"{at}", meaning, question)
        for at, key in enumerate(key for folder in folders for key in sorted(folder.glob(f"*{keys.KEY}")))
        for meaning, question in keyed(key, asked_in(samples(str(keys.file_of(key))), ready))
    ]
    kept = _usual(found)
    with WRITTEN.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["register", "meaning", "traits", "words"])
        for (register, meaning, question), usual in zip(found, kept, strict=True):
            writer.writerow([register, "|".join(meaning), said(question), " ".join(sorted(usual))])


def keyed(key: Path, asked: Sequence[Question]) -> Iterator[tuple[tuple[str, ...], Question]]:
    key_ = yaml.load(key.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 — text alone
    for _, wanted, question in keys.keyed(asked, key_):
        if question:
            yield tuple(sorted(wanted)), question


def _usual(found: Sequence[tuple[str, tuple[str, ...], Question]]) -> list[set[str]]:
    """Of each column the words that may be written."""
    where: dict[tuple[str, str], set[str]] = defaultdict(set)
    people: dict[str, set[str]] = defaultdict(set)
    for register, meaning, question in found:
        for word in words(question):
            for one in meaning:
                where[one, word].add(register)
            if PEOPLE & set(meaning) and not word.startswith(HEADING):
                people[word].add(register)
    return [
        {
            word
            for word in words(question)
            if any(
                len(where[one, word]) >= (COMMON if one in PEOPLE or one == keys.NOTHING else OFTEN) for one in meaning
            )
            and (word not in people or len(people[word]) >= COMMON)
        }
        for _, meaning, question in found
    ]


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:]])
