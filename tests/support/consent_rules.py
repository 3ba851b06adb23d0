"""The rules of a Consent a second time, written straight from the specification on the raw JSON, one question at a time.

https://hl7.org/fhir/R4/consent.html, IHE PCF, and our own readings of docs/adr/0004 and 0009. Nothing of `hub.consent` is used.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.instants import span

ORDER = ["U", "L", "M", "N", "R", "V"]
LABELS = {
    "core": ("R", {"SDV"}), "identity": ("V", {"SDV", "DEMO"}), "health": ("V", {"SDV"}), "legal": ("V", {"SDV"}),
    "custodian": ("R", {"SDV"}), "psychosocial": ("V", {"SDV", "PSY"}), "notice": ("R", {"SDV"}),
}  # fmt: skip
"""As they stand in profiles/code-systems/data-class.json."""
OPEN_TO_CONSENTS = {"core", "identity", "health", "legal", "psychosocial"}
CONTAINERS = ("Encounter/", "EpisodeOfCare/", "CarePlan/")
TIMES: dict[str, tuple[str, ...]] = {
    "Observation": ("effectivePeriod", "effectiveDateTime"), "Encounter": ("period",), "Task": ("authoredOn",),
    "ServiceRequest": ("occurrencePeriod", "occurrenceDateTime", "authoredOn"),
}  # fmt: skip

Maybe = bool | None
"""None: nobody can tell."""


@dataclass(frozen=True)
class Asked:
    """`record` None: whatever it may be. `others`: all that the same custodian keeps of her."""

    recipient: str
    purpose: str
    data_class: str
    at: datetime
    person: str = ""
    desks: frozenset[str] = frozenset()
    record: Resource | None = None
    stored: datetime | None = None
    custodian: str = ""
    others: tuple[Resource, ...] = ()
    parents: dict[str, str] = field(default_factory=dict, hash=False)
    narrower: dict[str, set[str]] = field(default_factory=dict, hash=False)
    composed: dict[str, tuple[str, Resource]] = field(default_factory=dict, hash=False)
    """Groups, teams and posts: reference → who keeps it, and as it stands."""


@dataclass(frozen=True)
class Above:
    """What the levels above named, and whether all of them surely speak."""

    sure: bool = True
    someone: bool = False
    something: bool = False
    classes: frozenset[str] | None = None
    is_root: bool = True


def said(rule: Resource, q: Asked, above: Above = Above(), holds: Callable[[str], bool] | None = None) -> str | None:
    """What a provision answers. `holds`: whether the data carry a label that is not understood, where the test decides it."""
    is_pcf_root = above.is_root and rule.get("type") == "permit"
    gate = both(whole(rule, q), always(rule, q))
    on_data = about_data(rule, q, holds)
    match = gate if is_pcf_root else both(gate, on_data)
    if match is False:
        return None
    classes = frozenset(c["code"] for c in rule.get("class", []) if c.get("system") == code_system("data-class"))
    if above.is_root and "type" in rule:
        above = replace(above, classes=frozenset())
    here = Above(
        above.sure and match is True,
        above.someone or bool(rule.get("actor")),
        above.something or bool(rule.get("purpose")),
        None if above.classes is None else above.classes | classes,
        is_root=False,
    )
    below = [said(child, q, here, holds) for child in rule.get("provision", [])]
    if "deny" in below or "permit" in below:
        return "deny" if "deny" in below else "permit"
    if rule.get("type") == "deny":
        return "deny"
    is_named = here.classes is None or q.data_class in here.classes
    sure = here.sure and (on_data is True or not is_pcf_root)
    return "permit" if rule.get("type") == "permit" and sure and here.someone and here.something and is_named else None


def both(*answers: Maybe) -> Maybe:
    return False if False in answers else None if None in answers else True


def either(answers: Iterable[Maybe]) -> Maybe:
    found = list(answers)
    return True if True in found else None if None in found else False


def always(rule: Resource, q: Asked) -> Maybe:
    """Of whom, for what and when."""
    period = rule.get("period", {})
    if "start" in period and q.at < span(period["start"])[0]:
        return False
    if "end" in period and q.at >= span(period["end"])[1]:
        return False
    who = either(actor(one, q) for one in rule["actor"]) if rule.get("actor") else True
    what = either(purpose(one, q) for one in rule["purpose"]) if rule.get("purpose") else True
    return both(who, what)


def actor(written: Resource, q: Asked) -> Maybe:
    roles = [one.get("code") for one in written.get("role", {}).get("coding", [])]
    kind, _, id_ = written.get("reference", {}).get("reference", "").partition("/")
    desks = {one for one in roles if one != "IRCP"}
    if "IRCP" in roles and kind in {"Group", "CareTeam", "PractitionerRole"} and not desks:
        return belongs(f"{kind}/{id_}", q)
    if "IRCP" not in roles or kind not in {"Organization", "Practitioner"} or (kind == "Practitioner" and desks):
        return None
    if kind == "Practitioner":
        return q.person == f"Practitioner/{id_}"
    at: str | None = q.recipient
    while at is not None and at != id_:
        at = q.parents.get(at)
    return at == id_ and (not desks or bool(desks & q.desks))


def belongs(reference: str, q: Asked) -> Maybe:
    """Whether who asks belongs to a group, a team or a post; None where nobody can tell."""
    keeper, written = q.composed.get(reference, ("", {}))
    kind = reference.partition("/")[0]
    if kind == "PractitionerRole":
        at = written.get("organization", {}).get("reference", "").partition("/")[2]
        if not at or keeper != at or written.get("active") is False:
            return None
        if "practitioner" in written:
            return q.recipient == at and q.person == written["practitioner"]["reference"]
        desks = {coding["code"] for code in written.get("code", []) for coding in code["coding"]}
        return (q.recipient == at and bool(desks & q.desks)) if desks else None
    in_use = written.get("active", True) if kind == "Group" else written.get("status") == "active"
    if not written or keeper != q.custodian or not in_use:
        return None
    named = [one["entity"] for one in written.get("member", [])] + [
        one["member"] for one in written.get("participant", [])
    ]
    return either(member(one["reference"], q) for one in named) if named else None


def member(reference: str, q: Asked) -> Maybe:
    kind = reference.partition("/")[0]
    if kind == "PractitionerRole":
        return belongs(reference, q)
    recipient = {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": reference}}
    return actor(recipient, q) if kind in {"Organization", "Practitioner"} else None


def purpose(written: Resource, q: Asked) -> Maybe:
    if written.get("system") != f"{TERMINOLOGY}/v3-ActReason" or "code" not in written:
        return None
    return q.purpose == written["code"] or q.purpose in q.narrower.get(written["code"], set())


def whole(rule: Resource, q: Asked) -> Maybe:
    """Action, class and code."""
    answers: list[Maybe] = [True]
    if "action" in rule:
        codes = [one.get("code") for concept in rule["action"] for one in concept.get("coding", [{}])]
        known = {"access": True, "disclose": True, "collect": False, "correct": False}
        answers.append(either(known.get(str(code)) for code in codes))
    if "class" in rule:
        answers.append(either(kind(one, q) for one in rule["class"]))
    if "code" in rule:
        answers.append(either(code(one, q) for concept in rule["code"] for one in concept.get("coding", [{}])))
    return both(*answers)


def kind(written: Resource, q: Asked) -> Maybe:
    system = written.get("system")
    if system == code_system("data-class"):
        return written["code"] == q.data_class
    if system == "http://hl7.org/fhir/resource-types" and written["code"] in {*TIMES, "Patient"}:
        return None if q.record is None else q.record["resourceType"] == written["code"]
    return None


def code(written: Resource, q: Asked) -> Maybe:
    if q.record is None or not written.get("system") or not written.get("code"):
        return None
    found = list(strings({key: value for key, value in q.record.items() if key not in {"meta", "id", "resourceType"}}))
    if {"system": written["system"], "code": written["code"]} in [
        {k: v for k, v in one.items() if k in {"system", "code"}} for one in found if isinstance(one, dict)
    ]:
        return True
    return None if written["code"] in [one for one in found if isinstance(one, str)] else False


def strings(node: Any) -> Iterator[Any]:
    """Every string and every object in a value."""
    if isinstance(node, str | dict):
        yield node
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from strings(below)


def about_data(rule: Resource, q: Asked, holds: Callable[[str], bool] | None = None) -> Maybe:
    """Label, period and records of the data."""
    answers: list[Maybe] = [True]
    if "securityLabel" in rule:
        answers.append(either(label(one, rule.get("type"), q, holds) for one in rule["securityLabel"]))
    if "dataPeriod" in rule:
        answers.append(dated(rule["dataPeriod"], q))
    if "data" in rule:
        answers.append(either(concerns(one["meaning"], one["reference"]["reference"], q) for one in rule["data"]))
    return both(*answers)


def label(written: Resource, type_: str | None, q: Asked, holds: Callable[[str], bool] | None) -> Maybe:
    if holds and "system" not in written:
        return holds(written["code"])
    if q.record is None or "system" not in written:
        return None
    level, tags = LABELS[q.data_class]
    for one in q.record.get("meta", {}).get("security", []):
        if one["code"] in ORDER:
            level = max(level, one["code"], key=ORDER.index)
        else:
            tags = tags | {one["code"]}
    if written["code"] not in ORDER:
        return written["code"] in tags
    asked, carried = ORDER.index(written["code"]), ORDER.index(level)
    if type_ is None:
        return True if asked == carried else None
    return carried <= asked if type_ == "permit" else carried >= asked


def dated(period: Resource, q: Asked) -> Maybe:
    if q.record is None:
        return None
    low, high = limits(period)
    for name in TIMES.get(q.record["resourceType"], ()):
        if name in q.record:
            value = q.record[name]
            since, until = limits(value) if isinstance(value, dict) else span(value)
            if (low is None or (since is not None and since >= low)) and (
                high is None or (until is not None and until <= high)
            ):
                return True
            outside = (high is not None and since is not None and since >= high) or (
                low is not None and until is not None and until <= low
            )
            return False if outside else None
    if q.stored is None:
        return None
    return (low is None or q.stored >= low) and (high is None or q.stored < high)


def limits(period: Resource) -> tuple[datetime | None, datetime | None]:
    return (
        span(period["start"])[0] if "start" in period else None,
        span(period["end"])[1] if "end" in period else None,
    )


def concerns(meaning: str, reference: str, q: Asked) -> Maybe:
    if q.record is None:
        return None
    mine, here = name(q.record), {name(one): one for one in q.others}
    if meaning == "authoredby":
        return authored(reference, q)
    if mine == reference:
        return True
    points = reference in references(q.record)
    if meaning == "dependents" or (meaning == "related" and reference.startswith(CONTAINERS) and points):
        return points
    if meaning == "related":
        return mine in references(here[reference]) if reference in here else None
    return False


def authored(reference: str, q: Asked) -> Maybe:
    assert q.record is not None
    written = [q.record.get(one, []) for one in ("recorder", "author", "performer", "asserter", "sender", "requester")]
    found = set(references({"any": written}))
    if not any(one.startswith("Organization/") for one in found):
        found.add(f"Organization/{q.custodian}")
    if reference in found:
        return True
    return False if any(one.split("/")[0] == reference.split("/", maxsplit=1)[0] for one in found) else None


def references(node: Any) -> set[str]:
    return {
        one["reference"] for one in strings(node) if isinstance(one, dict) and isinstance(one.get("reference"), str)
    }


def name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def decided(consents: Iterable[Resource], q: Asked) -> tuple[str, ...]:
    """The Consents that permit it; none when one of them denies it, or the class is never opened."""
    answers = {name(c): said(c["provision"], q) for c in consents if c["status"] == "active"}
    if "deny" in answers.values() or q.data_class not in OPEN_TO_CONSENTS:
        return ()
    return tuple(reference for reference, answer in answers.items() if answer == "permit")
