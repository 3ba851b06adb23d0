"""One service as a record, under the columns whose headers name these fields, without what a shelter must not publish.

https://docs.openreferral.org/en/v3.0.0/hsds/schema_reference.html. The address, position, telephones and name of a shelter's
place are left behind here: they are not even kept with a record that could not be understood.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from hub.errors import Fatal
from hub.fhir.folding import fold
from hub.fhir.issues import Issue
from hub.ports import Connection, Place, SourceRecord

KIND: Final = "service"
SHELTERS: Final = ("shelter", "safe house", "refuge", "hébergement", "foyer", "إيواء")
"""Parts of the codes and names by which a taxonomy calls a shelter."""
HALF: Final = re.compile("[\ud800-\udfff]")
UNWRITABLE: Final = "\ufffd"
CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?:Z|[+-]\d\d:?\d\d)?")
TEXTS: Final = ("name", "status", "minimum_age", "maximum_age", "fees_description")

Object = Mapping[str, Any]


class Reader:
    """Turns services into records."""

    def __init__(self, connection: Connection) -> None:
        self._shelters = shelter_codes(connection)
        self._columns = [(name, header) for name, headers in connection.layout.columns.items() for header in headers]

    def identify(self, service: Object) -> str:
        """Its id; where it has none, the service is one that cannot be followed, and is told apart by what it says."""
        id_ = service.get("id")
        return HALF.sub(UNWRITABLE, id_) if isinstance(id_, str) and id_ else f"unidentified:{_digest(service)}"

    def record(self, service: Object) -> SourceRecord:
        said = {name: value for name, value in self._fields(service) if value not in ("", [])}
        content = {column: said[name] for column, name in self._columns if name in said}
        issues = [
            Issue("error", "value", "adapters.hsds-text-broken", column=name)
            for name, value in content.items()
            if UNWRITABLE in str(value)
        ]
        id_ = self.identify(service)
        if id_.startswith("unidentified:"):
            issues.append(Issue("error", "required", "adapters.hsds-no-id", column="id"))
        return SourceRecord(KIND, id_, _digest(content), content, Place(record=id_), issues=tuple(issues))

    def _fields(self, service: Object) -> Iterator[tuple[str, Any]]:
        terms = list(_terms(service))
        yield from ((name, _text(service.get(name))) for name in TEXTS)
        yield "organization", _text(_object(service, "organization").get("name"))
        yield "terms", _joined(terms, "code")
        yield "phones", " / ".join(_text(one.get("number")) for one in _objects(service, "phones"))
        yield "languages", _joined(_objects(service, "languages"), "code")
        yield "areas", _joined(_objects(service, "service_areas"), "extent")
        yield "schedules", list(_schedules(service))
        yield "places", [] if self._is_shelter(terms) else list(_open_places(service))

    def _is_shelter(self, terms: list[Object]) -> bool:
        said = " ".join(
            fold(re.sub("[_-]", " ", f"{_text(one.get('code'))} {_text(one.get('name'))}")) for one in terms
        )
        return any(one in said for one in self._shelters)


def shelter_codes(connection: Connection) -> tuple[str, ...]:
    """Those that are known, and those of this directory. Raises Fatal."""
    said = connection.settings.get("shelter_codes", [])
    if not isinstance(said, list) or not all(isinstance(one, str) and one.strip() for one in said):
        raise Fatal("adapters.hsds-settings")
    return tuple(fold(re.sub("[_-]", " ", one)) for one in (*SHELTERS, *said))


def _terms(service: Object) -> Iterator[Object]:
    return (_object(one, "taxonomy_term") for one in _objects(service, "attributes"))


def _open_places(service: Object) -> Iterator[dict[str, str]]:
    """Where anyone may go: no place that is postal, virtual or withheld. Each once, and under a number that stays its own."""
    met = set()
    for one in _objects(service, "service_at_locations"):
        place = _object(one, "location")
        said = {f"places/{name}": text for name, text in _place(place) if text}
        number = _digest(place.get("id") or said)[:12]
        if place.get("location_type") == "physical" and number not in met:
            met.add(number)
            yield {"places/number": number, **said}


def _place(place: Object) -> Iterator[tuple[str, str]]:
    yield "name", _text(place.get("name"))
    position = [_number(place.get(name)) for name in ("latitude", "longitude")]
    if all(position):
        yield from zip(("latitude", "longitude"), position, strict=True)
    address = next((one for one in _objects(place, "addresses") if one.get("address_type") != "postal"), {})
    yield "line", _text(address.get("address_1"))
    yield from ((name, _text(address.get("city"))) for name in ("city", "area"))
    yield "state", _text(address.get("state_province"))
    yield "postcode", _text(address.get("postal_code"))


def _schedules(service: Object) -> Iterator[dict[str, str]]:
    """Weekly opening hours; those of a single date, or that come monthly, have no such form."""
    for one in _objects(service, "schedules"):
        days = ", ".join(re.findall(r"\b(?:MO|TU|WE|TH|FR|SA|SU)\b", _text(one.get("byday"))))
        opens, closes = _clock(one.get("opens_at")), _clock(one.get("closes_at"))
        if days and opens and closes and _text(one.get("freq")) in {"", "WEEKLY"}:
            yield {"schedules/days": days, "schedules/opens": opens, "schedules/closes": closes}


def _clock(said: object) -> str:
    found = CLOCK.fullmatch(_text(said))
    return f"{int(found[1]):02}:{found[2]}:00" if found else ""


def _number(said: object) -> str:
    text = _text(said)
    return text if re.fullmatch(r"-?\d{1,3}(\.\d{1,12})?", text) else ""


def _text(said: object) -> str:
    """What a cell says; what is no cell says nothing. Half a character is kept by no database."""
    if isinstance(said, str):
        return HALF.sub(UNWRITABLE, said).replace("\x00", UNWRITABLE).strip()
    if isinstance(said, (int, float)) and not isinstance(said, bool):
        return str(int(said)) if isinstance(said, float) and said.is_integer() else str(said)
    return ""


def _joined(said: Iterable[Object], by: str) -> str:
    """What each is called by its code, or else by its name."""
    words = [_text(one.get(by)) or _text(one.get("name")) for one in said]
    return ", ".join(dict.fromkeys(filter(None, words)))


def _object(of: Object, name: str) -> Object:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}


def _objects(of: Object, name: str) -> list[Object]:
    found = of.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _digest(said: object) -> str:
    plain = HALF.sub(UNWRITABLE, repr(said))
    return hashlib.sha256(orjson.dumps(plain)).hexdigest()[:20]
