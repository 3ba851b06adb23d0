"""A provision (https://hl7.org/fhir/R4/consent.html) that permits less than the one given: for a time, not at all, or
only as far as a policy goes. What it denies is never less."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.consent.conditions import DATA_CLASS
from hub.consent.provisions import PURPOSE
from hub.fhir import Resource
from hub.fhir.instants import instant, period
from hub.ports import FOREVER, LONG_AGO

MILLISECOND = timedelta(milliseconds=1)


def bounded(root: Resource, since: datetime, until: datetime) -> Resource:
    """The root, speaking only within [since, until)."""
    starts, ends = period(root.get("period"), low=LONG_AGO, high=FOREVER)
    if starts >= since and ends <= until:
        return root
    within = {"start": instant(max(starts, since)), "end": instant(min(ends, until) - MILLISECOND)}
    return {**root, "period": within if min(ends, until) < FOREVER else {"start": within["start"]}}


def denies(provision: Resource) -> Resource | None:
    """The provision with what it denies alone; None where it denies nothing."""
    below = [said for child in provision.get("provision", ()) if (said := denies(child))]
    if provision.get("type") != "deny" and not below:
        return None
    kept = {name: value for name, value in provision.items() if name != "provision"}
    if provision.get("type") == "permit":
        del kept["type"]
    return {**kept, "provision": below} if below else kept


def under(root: Resource, classes: Iterable[str], purposes: Iterable[str]) -> Resource:
    """The root below a level that says nothing itself and limits it to these classes and purposes."""
    coded = [{"system": PURPOSE, "code": code} for code in sorted(purposes)]
    return {"class": _codings(classes), **({"purpose": coded} if coded else {}), "provision": [root]}


def has_period(provision: Resource) -> bool:
    return "end" in provision.get("period", {}) or any(map(has_period, provision.get("provision", ())))


def names(provision: Resource, data_class: str) -> bool:
    """Whether a permit in it names this data class in so many words."""
    own = provision.get("type") == "permit" and data_class in map(_data_class, provision.get("class", ()))
    return own or any(names(child, data_class) for child in provision.get("provision", ()))


def _codings(classes: Iterable[str]) -> list[Resource]:
    return [{"system": DATA_CLASS, "code": code} for code in sorted(classes)]


def _data_class(coding: Resource) -> str:
    return str(coding.get("code", "")) if coding.get("system") == DATA_CLASS else ""
