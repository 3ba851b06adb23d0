"""Audit events by their forms: nearly all differ from others in ids and instants alone, and all else is computed once.

An event is written as text, and its own strings are taken out of it. What is left decides what an event is found by and how it is
written for its hash, up to the places of these strings: so what was computed of one is filled in for the next. An event that
is not of this kind is written as any other resource.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from hub import search
from hub.audit.canonical import canonical
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import instant, span
from hub.fhir.parts import part
from hub.fhir.serial import dumps, loads
from hub.ports import Alike, Save, Shape
from hub.store.schema import Document

MOST: Final = 40  # strings of its own
LONGEST: Final = 20_000
REMEMBERED: Final = 1024
MARK: Final = "~"
_OWN: Final = re.compile(r"[0-9A-Za-z.\-]{16,64}", re.ASCII)
"""Nothing that stands anywhere else by chance, or means something to a search: a reference's type is not a part of it."""

_ANY: Final = "2026-01-01T00:00:00.000+00:00"
_PLAIN: Final = re.compile(r"[\w.\-|*/:]*", re.ASCII)
_PLACE: Final = re.compile(f"{MARK}([0-9]+){MARK}")
_MARKS: Final = [f"{MARK}{number}{MARK}" for number in range(MOST)]


class _Filled(NamedTuple):
    """Text, and which of the strings are filled in."""

    text: str
    places: Callable[[Sequence[str]], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Formed:
    """What the store keeps of an event. `canonical`: for its hash."""

    text: str
    profile: str
    found: Document
    canonical: bytes


@dataclass(frozen=True, slots=True)
class _Form:
    text: _Filled
    profile: str
    dated: tuple[str, ...]
    same: Document
    own: tuple[tuple[str, tuple[_Filled, ...]], ...]
    canonical: _Filled


def formed(save: Save, at: datetime) -> Formed | None:
    """None for an event that is to be written as any other resource."""
    if isinstance(save, Alike) and (found := _formed_alike(save, at)):
        return found
    event = save.stamped(at)
    own, text = _own(event), dumps(event)
    if own is None or MARK in text or len(text) > LONGEST or not _is_plain(save):
        return None
    pattern = text
    for one, mark in zip(own, _MARKS, strict=False):
        pattern = pattern.replace(one, mark)
    form = _form(pattern)
    if form is None:
        return None
    return _filled(form, event["recorded"], own)


def _formed_alike(save: Alike, at: datetime) -> Formed | None:
    """The same of one of a shape, which need not be written out to know its form."""
    own, made = save.made.own, save.made
    form = _form_of(made.shape, len(own)) if all(map(_OWN.fullmatch, own)) and _is_plain(save) else None
    if form is None:
        return None
    return _filled(form, made.recorded, [made.recorded, instant(at), *own])


@lru_cache(maxsize=REMEMBERED)
def _form_of(shape: Shape, count: int) -> _Form | None:
    recorded, updated, *own = _MARKS[: count + 2]
    if len(own) < count:
        return None
    event = shape.event(own, recorded)
    stamp = {"versionId": "1", "lastUpdated": updated}
    pattern = dumps({**event, "meta": {**event["meta"], **stamp}})
    return None if len(pattern) > LONGEST else _form(pattern)


def _filled(form: _Form, recorded: str, own: Sequence[str]) -> Formed:
    values = {name: [_fill(value, own) for value in filled] for name, filled in form.own}
    low, high = span(recorded)
    found = {**form.same, **values, **{name: [{"l": low, "h": high}] for name in form.dated}}
    return Formed(_fill(form.text, own), form.profile, found, _fill(form.canonical, own).encode())


def _own(event: Resource) -> Sequence[str] | None:
    """The strings that are its own, each once; None where one of them is unusual."""
    ids = dict.fromkeys(_ids(event))
    if "recorded" not in event or len(ids) + 2 > MOST or not all(map(_OWN.fullmatch, ids)):
        return None
    return [*dict.fromkeys((event["recorded"], event["meta"]["lastUpdated"])), *ids]


def _ids(event: Resource) -> Iterator[str]:
    yield event["id"]
    for entity in event.get("entity", ()):
        what = entity.get("what", {})
        if "reference" in what:
            yield what["reference"].rpartition("/")[2]
        elif _OWN.fullmatch(named := what.get("identifier", {}).get("value", "")):  # the request's: each has its own
            yield named
    for agent in event.get("agent", ()):
        for policy in agent.get("policy", ()):
            if "/" in policy:
                yield policy.rpartition("/")[2]


def _is_plain(save: Save) -> bool:
    return _are_plain(save.custodian or "", *[key.grant for key in save.keys]) and bool(
        _PLAIN.fullmatch(save.person or "")
    )


@lru_cache(maxsize=REMEMBERED)
def _are_plain(*told: str) -> bool:
    return all(map(_PLAIN.fullmatch, told))


def _fill(filled: _Filled, own: Sequence[str]) -> str:
    return filled.text % filled.places(own)


@lru_cache(maxsize=REMEMBERED)
def _form(pattern: str) -> _Form | None:
    event = loads(pattern)
    profile = load().profile_of(event)
    if profile is None or part(event, profile).parts or search.sealed_in("AuditEvent", profile.name):
        return None
    try:
        whole = canonical(event).decode()
    except ValueError:
        return None
    undated = {name: value for name, value in event.items() if name != "recorded"}
    found: dict[str, list[Any]] = search.index(undated, profile.name)
    own = {name for name, values in found.items() if any(MARK in str(value) for value in values)}
    same = {name: values for name, values in found.items() if name not in own}
    dated = tuple(search.index({"resourceType": "AuditEvent", "recorded": _ANY}, profile.name))
    return _Form(
        _cut(pattern),
        profile.name,
        dated,
        same,
        tuple((name, tuple(map(_cut, found[name]))) for name in sorted(own)),
        _cut(whole),
    )


def _cut(text: str) -> _Filled:
    parts = _PLACE.split(text)
    places = itemgetter(*map(int, parts[1::2])) if len(parts) > 1 else _nothing
    return _Filled("%s".join(part.replace("%", "%%") for part in parts[::2]), places)


def _nothing(_: Sequence[str]) -> tuple[str, ...]:
    return ()
