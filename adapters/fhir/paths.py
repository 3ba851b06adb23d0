"""Where a column stands: `Task.status`, `Patient.telecom[phone].value`, `ServiceRequest.code.coding[http://…].code`.

What stands in brackets chooses among several: by `system`, `use` or `url`, or by a code of `type`. Reading takes the first that
there is; of a reference, the id. Writing makes what is not there, and changes nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import Fatal

_STEP: Final = re.compile(r"(\w+)(?:\[([^\]]*)\])?(?:\.|$)")
_PATH: Final = re.compile(r"(Task|ServiceRequest|Patient|Consent)((?:\.\w+(?:\[[^\]]*\])?)+)")
LISTS: Final = frozenset(
    "identifier name telecom address communication coding category output note given input extension".split()  # noqa: SIM905
)
"""Elements that repeat, of those that are written. https://hl7.org/fhir/R4/task.html and of Patient, ServiceRequest"""


@dataclass(frozen=True)
class Step:
    element: str
    chosen: str = ""


@dataclass(frozen=True)
class Path:
    """`type`: of the resource that it begins in."""

    type: str
    steps: tuple[Step, ...]


def path(told: str) -> Path | None:
    """None for a header that is none."""
    if not (found := _PATH.fullmatch(told)):
        return None
    return Path(found[1], tuple(Step(one[1], one[2] or "") for one in _STEP.finditer(found[2][1:])))


def paths(columns: Mapping[str, Sequence[str]]) -> dict[str, tuple[Path, ...]]:
    """By column, in the order in which they are looked at; columns that stand nowhere are left out."""
    found = {name: tuple(filter(None, map(path, headers))) for name, headers in columns.items()}
    return {name: ways for name, ways in found.items() if ways}


def read(resource: Mapping[str, Any], way: Path) -> str | None:
    """The text there; None where nothing is."""
    values: list[Any] = [resource]
    for step in way.steps:
        values = [one for value in values for one in _below(value, step)]
    last = way.steps[-1].element
    texts = (_text(value, last) for value in values)
    return next((text for text in texts if text), None)


def _below(value: Any, step: Step) -> Iterator[Any]:
    found = value.get(step.element) if isinstance(value, Mapping) else None
    for one in found if isinstance(found, list) else [found]:
        if one is not None and (not step.chosen or step.chosen in _marks(one)):
            yield one


def _marks(value: Any) -> set[str]:
    if not isinstance(value, Mapping):
        return set()
    marks = {str(value[name]) for name in ("system", "use", "url") if name in value}
    kind = value.get("type")
    codings = kind.get("coding") if isinstance(kind, Mapping) else None
    return marks | {str(one.get("code")) for one in codings or () if isinstance(one, Mapping)}


def _text(value: Any, element: str) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and element == "reference":
        return value.rpartition("/")[2]
    return str(value) if isinstance(value, (str, int, float)) else None


def write(resource: dict[str, Any], way: Path, text: str) -> None:
    """Raises Fatal where the resource is of another shape than R4 gives it."""
    at: Any = resource
    for step in way.steps[:-1]:
        at = _entered(at, step)
    last = way.steps[-1].element
    at[last] = [text] if last in LISTS else text == "true" if last == "valueBoolean" else text


def _entered(at: dict[str, Any], step: Step) -> dict[str, Any]:
    if step.element not in LISTS:
        below = at.setdefault(step.element, {})
    else:
        items = at.setdefault(step.element, [])
        if not isinstance(items, list):
            raise Fatal("adapters.fhir-shape")
        below = next((one for one in items if not step.chosen or step.chosen in _marks(one)), None)
        if below is None:
            below = _made(step)
            items.append(below)
    if not isinstance(below, dict):
        raise Fatal("adapters.fhir-shape")
    return below


def _made(step: Step) -> dict[str, Any]:
    if not step.chosen:
        return {}
    if step.element in {"output", "input"}:
        system = {"system": SDOH} if step.chosen in SDOH_OUTPUTS else {}
        return {"type": {"coding": [{**system, "code": step.chosen}], "text": step.chosen}}
    return {"url" if step.element == "extension" else "system": step.chosen}


SDOH: Final = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SDOH_OUTPUTS: Final = frozenset({"resulting-activity"})
"""Kinds of output that SDOH Clinical Care names; others are named in words."""
