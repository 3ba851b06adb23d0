"""Which services answer a need, the most fitting first, and why.

A service that is not of the kind, does not receive the age, is not given any more or was excluded is not among them; all else
only moves it (`weights.py`). Each is judged by itself, so what else there is changes nothing between two.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hub.directory.openings import ALWAYS, is_closed_for_good, opens
from hub.directory.weights import ANSWERS, CONFIRMED_FOR_DAYS, MOST, ROOM, WORTH, times
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.definitions import load
from hub.fhir.instants import span
from hub.fhir.references import split

AGES: Final[Mapping[str, tuple[int, int]]] = {
    "0-11": (0, 11), "12-14": (12, 14), "15-17": (15, 17), "18-25": (18, 25), "26-40": (26, 40), "41-60": (41, 60),
    "61-plus": (61, 120), "adult": (18, 120), "minor": (0, 17), "unknown": (0, 120),
}  # fmt: skip
"""Code of age-band → the years that it means, both included."""
SPOKEN_ALIKE: Final[Mapping[str, frozenset[str]]] = {
    "ary": frozenset({"ary", "ar"}),
    "zgh": frozenset({"zgh", "shi", "tzm", "rif"}),
}
"""Language asked for → those that will do: who writes that Arabic is spoken there means Moroccan Arabic too."""
ANYONE: Final = "anyone"
INTERPRETER: Final = "interpreter"
OPEN: Final = "open-now"
NO_ROOM: Final = "no-room"


@dataclass(frozen=True)
class Wanted:
    """What is looked for, in codes alone: nothing in it is about a person. `at`: when somebody would go there. `required`:
    characteristics without which it will not do; `open_then`: whether it must be open at that time. `refused_for_room`:
    organisation → when it last refused the same to who asks, for lack of room."""

    service: str
    at: datetime
    area: str = ""
    priority: str = "routine"
    age_band: str = ""
    languages: tuple[str, ...] = ()
    eligibility: tuple[str, ...] = ()
    characteristics: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    open_then: bool = False
    refused_for_room: Mapping[str, datetime] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Reason:
    """A finding of `weights.WORTH`. `at`: when it opens, when its room was last confirmed, or refused for.
    `codes`: what it lacks."""

    code: str
    at: datetime | None = None
    codes: tuple[str, ...] = ()

    @property
    def doubt(self) -> bool:
        return WORTH[self.code].doubt


@dataclass(frozen=True)
class Fit:
    """How well a service answers, 0 to 1."""

    service: Resource = field(repr=False)
    points: int
    score: float
    reasons: tuple[Reason, ...]


def ranked(services: Iterable[Resource], wanted: Wanted, excluded: Collection[str] = frozenset()) -> tuple[Fit, ...]:
    """Those that answer, the best first; what fits as well as another comes by its id. `excluded`: ids of organisations, as those
    that have refused already."""
    finds = tuple(_asked(wanted))
    answering = (service for service in services if _answers(service, wanted, excluded))
    found = (fit for service in answering if (fit := _fit(service, wanted, finds)) is not None)
    return tuple(sorted(found, key=lambda fit: (-fit.points, str(fit.service["id"]))))


def around(area: str) -> tuple[tuple[str, str], ...]:
    """(name of the code system, code) of all that counts as there or near: of a province its region and what else lies in it."""
    region = region_of(area)
    known = load().code_system("province").codes.items()
    return (("region", region), *(("province", one) for one, said in known if said.properties["region"] == region))


def _answers(service: Resource, wanted: Wanted, excluded: Collection[str]) -> bool:
    """Whether it is of the kind at all, has what it must have, and is given by somebody who may be asked."""
    given_by = split(service["providedBy"]["reference"])[1]
    if not service.get("active") or given_by in excluded or wanted.service not in _codes(service.get("type", ())):
        return False
    if not _codes(service.get("characteristic", ())).issuperset(wanted.required):
        return False
    if wanted.open_then and _opening(service, wanted).code != OPEN:
        return False
    return not is_closed_for_good(service, wanted.at)


def _fit(service: Resource, wanted: Wanted, finds: "tuple[Find, ...]") -> Fit | None:
    reasons: list[Reason] = []
    for find in finds:
        reason = find(service, wanted)
        if reason is None:
            return None
        reasons.append(reason)
    points, most = _points(reasons, wanted.priority)
    return Fit(service, points, round(points / most, 2), tuple(reasons))


def _points(reasons: Iterable[Reason], priority: str) -> tuple[int, int]:
    found = [(WORTH[one.code], times(WORTH[one.code].aspect, priority)) for one in reasons]
    return sum(one.points * n for one, n in found), sum(MOST[one.aspect] * n for one, n in found)


Find = Callable[[Resource, Wanted], Reason | None]


def _asked(wanted: Wanted) -> Iterator[Find]:
    """What is looked at: of each service the same."""
    yield from (_area,) if wanted.area else ()
    yield from (_room, _opening, _response)
    yield from (_ages,) if wanted.age_band else ()
    yield from (_languages,) if wanted.languages else ()
    yield from (_characteristics,) if wanted.characteristics else ()
    yield from (_eligibility,) if wanted.eligibility else ()


def _area(service: Resource, wanted: Wanted) -> Reason:
    served = {code for _, code in area_of(service)}
    region = region_of(wanted.area)
    if not served:
        return Reason("area-not-told")
    within_it = wanted.area == region and any(region_of(one) == region for one in served)
    if wanted.area in served or region in served or within_it:
        return Reason("serves-area")
    return Reason("serves-region" if any(region_of(one) == region for one in served) else "elsewhere")


def region_of(area: str) -> str:
    """Of a province; of a region itself."""
    province = load().code_system("province").codes.get(area)
    return str(province.properties["region"]) if province else area


def _room(service: Resource, wanted: Wanted) -> Reason:
    """What is said of its room holds for some days, and so does a refusal; whichever was said last."""
    said = capacity_of(service)
    at = span(said["updated"][0])[0] if said else None
    refused = wanted.refused_for_room.get(split(service["providedBy"]["reference"])[1])
    holds = timedelta(days=CONFIRMED_FOR_DAYS.get(wanted.service, CONFIRMED_FOR_DAYS[""]))
    found = ROOM[said["status"][0]] if at and wanted.at <= at + holds else ""
    if refused and wanted.at <= refused + holds and found != NO_ROOM and (at is None or at < refused):
        return Reason("refused-for-room", refused)
    if at is None:
        return Reason("room-not-told")
    return Reason(found or "room-not-confirmed", at)


def _opening(service: Resource, wanted: Wanted) -> Reason:
    at = opens(service, wanted.at, always=ALWAYS in _codes(service.get("characteristic", ())))
    if at is None:
        return Reason("hours-not-told")
    if at <= wanted.at:
        return Reason(OPEN)
    return Reason("opens-within-a-day" if at <= wanted.at + timedelta(days=1) else "opens-later", at)


def _response(service: Resource, wanted: Wanted) -> Reason:
    parts = (_parts(one) for one in _extensions(service, "response-time"))
    hours = [p["hours"]["valuePositiveInt"] for p in parts if p["priority"]["valueCode"] == wanted.priority]
    if not hours:
        return Reason("response-not-told")
    return Reason(next((code for most, code in ANSWERS if min(hours) <= most), "answers-later"))


def _ages(service: Resource, wanted: Wanted) -> Reason | None:
    said = _first(service, "served-ages")
    if not said:
        return Reason("ages-not-told")
    low, high = (said[end]["valueInteger"] if end in said else other for end, other in (("low", 0), ("high", 120)))
    youngest, oldest = AGES[wanted.age_band]
    if oldest < low or high < youngest:
        return None
    return Reason("age-received" if low <= youngest and oldest <= high else "age-received-in-part")


def _languages(service: Resource, wanted: Wanted) -> Reason:
    spoken = _codes(service.get("communication", ()))
    lacking = tuple(one for one in wanted.languages if not spoken & SPOKEN_ALIKE.get(one, frozenset({one})))
    if spoken and len(lacking) < len(wanted.languages):
        return Reason("speaks-some" if lacking else "speaks-all", codes=lacking)
    if INTERPRETER in _codes(service.get("characteristic", ())):
        return Reason("interpreter")
    return Reason("speaks-none", codes=lacking) if spoken else Reason("languages-not-told")


def _characteristics(service: Resource, wanted: Wanted) -> Reason:
    offered = _codes(service.get("characteristic", ()))
    return _share(wanted.characteristics, offered, ("has-all", "has-some", "has-none", "features-not-told"))


def _eligibility(service: Resource, wanted: Wanted) -> Reason:
    received = _codes(one["code"] for one in service.get("eligibility", ()) if "code" in one)
    received |= frozenset(wanted.eligibility) if ANYONE in received else frozenset()
    return _share(
        wanted.eligibility,
        received,
        ("receives-all-asked", "receives-some-asked", "receives-others", "eligibility-not-told"),
    )


def _share(asked: tuple[str, ...], said: frozenset[str], findings: tuple[str, str, str, str]) -> Reason:
    """All, some, none of what is asked; or nothing is said."""
    lacking = tuple(one for one in asked if one not in said)
    every, some, none, silent = findings
    if not said:
        return Reason(silent)
    return Reason(every) if not lacking else Reason(some if len(lacking) < len(asked) else none, codes=lacking)


# --- reading a HealthcareService ---------------------------------------------------------------------------------------


def _codes(concepts: Iterable[Resource]) -> frozenset[str]:
    return frozenset(coding["code"] for concept in concepts for coding in concept.get("coding", ()) if "code" in coding)


def _extensions(service: Resource, name: str) -> list[Resource]:
    url = profile(name)
    return [one for one in service.get("extension", ()) if one["url"] == url]


def _parts(extension: Resource) -> dict[str, Resource]:
    return {one["url"]: one for one in extension["extension"]}


def _first(service: Resource, name: str) -> dict[str, Resource]:
    return next((_parts(one) for one in _extensions(service, name)), {})


def area_of(service: Resource) -> tuple[tuple[str, str], ...]:
    """System and code of each place that it serves."""
    concepts = (one["valueCodeableConcept"] for one in _extensions(service, "area"))
    return tuple((coding["system"], coding["code"]) for concept in concepts for coding in concept["coding"])


def capacity_of(service: Resource) -> dict[str, list[Any]]:
    """What is said of its room, by part: `status`, `places`, `note`, `updated`; nothing where it says nothing."""
    found: dict[str, list[Any]] = {}
    for part in next((one["extension"] for one in _extensions(service, "capacity")), ()):
        found.setdefault(part["url"], []).extend(value for key, value in part.items() if key.startswith("value"))
    return found
