"""What a differential says, sorted by place: it may be sparse or out of order, and name elements by id, or by path and slice.

https://hl7.org/fhir/R4/elementdefinition.html#id
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hub.conformance.snapshot import shapes
from hub.conformance.snapshot.refusal import SnapshotError
from hub.fhir import Resource


@dataclass
class Said:
    """What is said at one place: of the element, of what is below it, of its slices (`a/b` is one of the slice `a`)."""

    element: Resource | None = None
    children: dict[str, "Said"] = field(default_factory=dict)
    slices: dict[str, "Said"] = field(default_factory=dict)


def read(definition: Resource, root: str) -> Said:
    """The differential of a definition whose first element is `root`. SnapshotError when it has another shape than FHIR's."""
    said = Said()
    for id_, element in identified(shapes.elements(definition.get("differential"), "differential"), root):
        place = _place(said, id_)
        if place.element is not None:
            raise SnapshotError(id_, "twice")
        place.element = element
    return said


def _place(said: Said, id_: str) -> Said:
    for step in id_.split(".")[1:]:
        name, _, slice_name = step.partition(":")
        said = said.children.setdefault(name, Said())
        if slice_name:
            said = said.slices.setdefault(slice_name, Said())
    return said


def identified(elements: Iterable[Resource], root: str) -> Iterator[tuple[str, Resource]]:
    """Each element with its id: the one that it states, else the one that its path and slice name make where it stands."""
    above: Mapping[str, str] = {}  # path → id, of the element before and of all that it is below
    for element in elements:
        stated = element.get("id", "")
        id_ = stated if _is_below(stated, root) else _made(above, element.get("path", ""), element.get("sliceName", ""))
        above = _checked(id_, root, shapes.name_of(element, root))
        yield id_, element


def _checked(id_: str, root: str, named: str) -> Mapping[str, str]:
    """Path → id of all that an id leads through. SnapshotError when it leads nowhere."""
    if not _is_below(id_, root):
        raise SnapshotError(named, "other-type", type=root)
    steps = id_.split(".")
    if len(steps) + id_.count("/") > shapes.DEEPEST:
        raise SnapshotError(named, "too-deep")
    names = [step.partition(":")[0] for step in steps]
    if not all(names) or any(step.endswith(":") for step in steps):
        raise SnapshotError(named, "malformed", property="id")
    return {".".join(names[:n]): ".".join(steps[:n]) for n in range(1, len(steps) + 1)}


def _is_below(id_: str, root: str) -> bool:
    return id_ == root or id_.startswith(f"{root}.")


def _made(above: Mapping[str, str], path: str, slice_name: str) -> str:
    parent, dot, name = path.rpartition(".")
    return f"{above.get(parent, parent)}{dot}{name}" + (f":{slice_name}" if slice_name else "")
