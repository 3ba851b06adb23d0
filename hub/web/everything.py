"""Patient/[id]/$everything: all that this caller may see of one survivor; Patient/$everything: of each whom it sees.

https://hl7.org/fhir/R4/patient-operation-everything.html. Her own record comes first, then type by type what is kept of her,
each cut to the caller's classes. The next page is named by a sealed token alone: also her id is inside. The trace of looks is
given only where `_type` asks for it, since each page adds to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from hub.errors import BAD_PARAMETER, NOT_FOUND, SCOPE_LACKING, HubError
from hub.exchange import disclose
from hub.exchange.change import PERSON_ELEMENT
from hub.fhir.query import Query
from hub.oauth import scopes
from hub.search import is_sealed, parse
from hub.search.dates import NotADate, span
from hub.search.parameters import PARAMETERS
from hub.web.operations import Inputs, Operation
from hub.web.paging import Pairs, no_such_page
from hub.web.read import ID
from hub.web.searchset import entry, searchset
from hub.web.service import Call, Service

TYPE: Final = "Patient"
PAGE: Final = 50
MOST: Final = 500
OF_SURVIVORS: Final = (
    PERSON_ELEMENT.keys() | {"Task", "Communication", "Provenance", "AuditEvent"}
) & PARAMETERS.keys()
"""Types of a survivor's compartment: what its keepers write, and what the hub does."""
ONLY_ASKED_FOR: Final = frozenset({"AuditEvent"})
CARE_DATES: Final = ("date", "authored-on", "authored", "sent", "occurrence", "performed")
"""The search parameters that say when care was given; of those that a type has, the first."""
NOT_OF_CARE: Final = frozenset({"Patient", "Consent", "Provenance", "AuditEvent"})
DATES: Final = frozenset({"start", "end", "_since"})
_WITHIN: Final = (("start", "ge"), ("end", "le"))
_OWNER: Final = f"{TYPE}/$everything"


@dataclass(frozen=True)
class _Asked:
    """`person`: whose everything it is, "" for that of each. `here`: the token of this page; `after`: where it begins."""

    person: str
    given: Mapping[str, str]
    types: tuple[str, ...]
    here: str = ""
    after: str = ""

    @property
    def count(self) -> int:
        """0: the total alone."""
        return min(int(self.given.get("_count", PAGE)), MOST)


def answer_everything(inputs: Inputs, call: Call, service: Service) -> str:
    asked = _continued(inputs, call, service) if "_page" in inputs else _begun(inputs, call)
    part = disclose.everything(
        asked.person,
        [_query(type_, asked.given) for type_ in asked.types],
        call.caller,
        hub=service.hub,
        count=asked.count,
        after=asked.after,
    )
    links = [("self", _self(asked, call, service))]
    if part.after is not None:
        links.append(("next", _url([("_page", _sealed(asked, part.after, call, service))], "", service)))
    return searchset(part.total, links, (entry(view, service.base) for view in part.entries))


# --- what is asked ----------------------------------------------------------------------------------------------------


def _begun(inputs: Inputs, call: Call) -> _Asked:
    _require_scope(call.id, call)
    if call.id and not ID.fullmatch(call.id):
        raise HubError(NOT_FOUND)
    given = {name: ",".join(str(value) for value in values) for name, values in inputs.items()}
    for name in DATES & given.keys():
        _require_date(name, given[name])
    if not call.id and given.get("_count") == "0":  # how much it is of all is not counted
        raise _bad("_count", "1, 2, 3 …")
    types = _types(given.get("_type", ""), call)
    return _Asked(call.id, given | ({"_type": ",".join(types)} if "_type" in given else {}), types)


def _continued(inputs: Inputs, call: Call, service: Service) -> _Asked:
    """A page of its own, and of the survivor that it was begun for; what the token may reach is asked anew."""
    here = inputs["_page"][0]
    *pairs, (_, after) = service.pages.open(here, type_=_OWNER, client=call.caller.client)
    given = dict(pairs)
    person = given.pop("patient")
    if len(inputs) > 1 or call.id not in {"", person}:
        raise no_such_page()
    _require_scope(person, call)
    return _Asked(person, given, _types(given.get("_type", ""), call), here, after)


def _require_scope(person: str, call: Call) -> None:
    interaction = "read" if person else "search"
    if not scopes.permits(call.caller.scopes, TYPE, interaction):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS[interaction]}")


def _require_date(name: str, value: str) -> None:
    try:
        span(value)
    except NotADate:
        raise _bad(name, "YYYY[-MM[-DD[Thh:mm:ss+hh:mm]]]") from None


def _bad(name: str, expected: str) -> HubError:
    return HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=expected)


def _types(listed: str, call: Call) -> tuple[str, ...]:
    """Those that are named, or all but the trace; without being named, those that the token reaches."""
    known = (TYPE, *sorted(OF_SURVIVORS - {TYPE}))
    named = {one.strip() for one in listed.split(",")} - {""}
    if named - set(known):
        raise _bad("_type", ", ".join(known))
    lacking = [type_ for type_ in known if not scopes.permits(call.caller.scopes, type_, "search")]
    if named.intersection(lacking):
        raise HubError(SCOPE_LACKING, expected=", ".join(f"system/{type_}.s" for type_ in lacking if type_ in named))
    return tuple(type_ for type_ in known if type_ not in lacking and type_ in (named or set(known) - ONLY_ASKED_FOR))


def _query(type_: str, given: Mapping[str, str]) -> Query:
    """Dates of care narrow what says in clear when care was given; who she is and what she consents to is of no date."""
    when = next((name for name in CARE_DATES if name in PARAMETERS[type_]), "")
    dated = bool(when) and type_ not in NOT_OF_CARE and not is_sealed(type_, when)
    asked = [(when, f"{prefix}{given[name]}") for name, prefix in _WITHIN if dated and name in given]
    asked += [("_lastUpdated", f"ge{given['_since']}")] if "_since" in given else []
    query, _ = parse(type_, asked, strict=True)
    return query


# --- what is answered -------------------------------------------------------------------------------------------------


def _sealed(asked: _Asked, after: str, call: Call, service: Service) -> str:
    pairs = [*asked.given.items(), ("patient", asked.person)]
    return service.pages.seal(pairs, after, type_=_OWNER, client=call.caller.client)


def _self(asked: _Asked, call: Call, service: Service) -> str:
    return _url([("_page", asked.here)] if asked.here else list(asked.given.items()), call.id, service)


def _url(pairs: Pairs, id_: str, service: Service) -> str:
    query = urlencode(pairs, quote_via=quote, safe=",:/|*")
    return f"{service.base}/{TYPE}{f'/{id_}' if id_ else ''}/$everything{'?' if query else ''}{query}"


OPERATIONS: Final = (
    Operation(
        "everything",
        TYPE,
        {"start": "date", "end": "date", "_since": "instant", "_type": "code*", "_count": "integer", "_page": "string"},
        answer_everything,
    ),
)
