"""Referrals that are told one by one → the tool's codes: which data element says what of each. They carry nothing else.

The order of the list is the order in which it is told: `hub.referral.rows` leaves out the last where too few are alike.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.fhir.definitions import Definitions
from hub.mapping.document import Where
from hub.mapping.problems import Problems
from hub.ports import Row, Rows

_TRAIT: Final = frozenset({"by", "element", "options"})
_CODED_BY: Final = {
    "service": "service-type", "area": "province", "violence-type": "gbv-type", "age-band": "age-band",
    "group": "report-group",
}  # fmt: skip
"""What may be told of one referral → its code system."""


@dataclass(frozen=True)
class Trait:
    """Where one thing that is told of a referral goes, each code to its option."""

    by: str
    element: str
    options: Mapping[str, str]


def read(said: Any, problems: Problems, definitions: Definitions) -> tuple[Trait, ...]:
    """The `rows` of a mapping file."""
    if said is None:
        return ()
    if not isinstance(said, list):
        problems.add(("rows",), "shape", expected="rows: [{by, element, options}]")
        return ()
    found = [_trait(one, ("rows", at), problems, definitions) for at, one in enumerate(said)]
    traits = tuple(one for one in found if one)
    for names in ([one.by for one in traits], [one.element for one in traits]):
        for name in (name for name, times in Counter(names).items() if times > 1):
            problems.add(("rows",), "twice", setting=name)
    return traits


def _trait(said: Any, where: Where, problems: Problems, definitions: Definitions) -> Trait | None:
    if not isinstance(said, dict) or not _is_whole(said):
        problems.add(where, "shape", expected="by, element, options")
        return None
    for key in said.keys() - _TRAIT:
        problems.add((*where, key), "unknown-key", setting=key, known=", ".join(sorted(_TRAIT)))
    if said["by"] not in _CODED_BY:
        problems.add((*where, "by"), "unknown-code", code=said["by"], system="report-dimension")
        return None
    for code in said["options"]:
        if not definitions.display(_CODED_BY[said["by"]], code, "en"):
            problems.add((*where, "options", code), "unknown-code", code=code, system=_CODED_BY[said["by"]])
    return Trait(said["by"], said["element"], said["options"])


def _is_whole(said: Mapping[str, Any]) -> bool:
    options = said.get("options")
    texts = (said.get("by"), said.get("element"), *(options.values() if isinstance(options, dict) else ()))
    return isinstance(options, dict) and bool(options) and all(isinstance(one, str) and one for one in texts)


def told(traits: Sequence[Trait], rows: Rows) -> Rows:
    """In the tool's codes. What has none is not said, so that those rows are like others."""
    known = {one.by: one for one in traits}
    counted: Counter[tuple[tuple[str, str], ...]] = Counter()
    for row in rows.rows:
        counted[tuple(_options(row, known))] += row.number
    return Rows(tuple(Row(dict(said), number) for said, number in sorted(counted.items())), rows.held)


def _options(row: Row, known: Mapping[str, Trait]) -> Iterator[tuple[str, str]]:
    for name, code in row.said.items():
        if code in known[name].options:
            yield known[name].element, known[name].options[code]


def unmapped(traits: Sequence[Trait], rows: Rows) -> tuple[str, ...]:
    """What is told and has no option, as `rows/dimension/code`."""
    known = {one.by: one for one in traits}
    found = {(name, code) for row in rows.rows for name, code in row.said.items()}
    return tuple(f"rows/{name}/{code}" for name, code in sorted(found) if code not in known[name].options)


def blank(traits: Sequence[Trait]) -> tuple[Row, ...]:
    """Every code of the tool, of none."""
    return tuple(Row({one.element: option}, 0) for one in traits for option in dict.fromkeys(one.options.values()))
