"""Small profiles made up for a test: a StructureDefinition with a differential, over R4 or over another."""

from typing import Any

from hub.conformance import examine
from hub.fhir.issues import Issue

BASE = "https://example.org/fhir/StructureDefinition/"
R4 = "http://hl7.org/fhir/StructureDefinition/"

Json = dict[str, Any]


def element(id_: str, **said: Any) -> Json:
    """An element of a differential; the path follows from the id, `slice` names the slice."""
    path = ".".join(part.partition(":")[0] for part in id_.split("."))
    name = id_.rpartition(".")[2].partition(":")[2]
    return {"id": id_, "path": path, **({"sliceName": name} if name else {}), **said}


def profile(type_: str, *elements: Json, name: str = "made-up", base: str = "", **said: Any) -> Json:
    return {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "name": name,
        "status": "draft",
        "kind": "resource"
        if type_[:1].isupper() and type_ not in {"Extension", "Quantity", "Identifier"}
        else "complex-type",
        "abstract": False,
        "type": type_,
        "baseDefinition": base or R4 + type_,
        "derivation": "constraint",
        "differential": {"element": list(elements)},
        **said,
    }


def extension(name: str, *elements: Json, at: str = "Element", **said: Any) -> Json:
    """An extension that may stand `at` an element."""
    url = element("Extension.url", fixedUri=BASE + name)
    context = [{"type": "element", "expression": at}]
    return profile("Extension", *elements, url, name=name, context=context, **said)


def slicing(*discriminators: tuple[str, str], rules: str = "open", ordered: bool = False) -> Json:
    listed = [{"type": kind, "path": path} for kind, path in discriminators]
    return {"discriminator": listed, "rules": rules, "ordered": ordered}


def found(resource: Any, *extra: Json, asked: tuple[str, ...] | None = None) -> list[tuple[str, str, str]]:
    """(severity, key, path) of each issue against the first of `extra`, or R4's own definition; without advice on narrative."""
    profiles = asked if asked is not None else tuple(one["url"] for one in extra[:1])
    issues = [i for i in examine(resource, profiles, extra=extra) if i.params.get("rule") != "dom-6"]
    return [brief(issue) for issue in issues]


def brief(issue: Issue) -> tuple[str, str, str]:
    key = issue.text.removeprefix("conformance.")
    key = "invariant" if key.startswith("rule-") else key
    return (issue.severity, f"{key} {issue.params['rule']}" if "rule" in issue.params else key, issue.path)
