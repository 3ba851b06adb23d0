"""Random requests that cover all that a CapabilityStatement declares: each interaction and operation of each type, and each
search parameter in each of its forms; with guesses at what is hidden, and wrong requests.

A request says what it covers (`Task read`, `Task?owner:missing`). The walk deals from a shuffled deck of all forms, so a long
walk covers everything; `declared` says what everything is, from the statement alone.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from hub.fhir import Resource
from hub.fhir.serial import loads
from tests.support import asking_history
from tests.support.asked import Ask
from tests.support.asking_base import Deck
from tests.support.asking_changes import Changes
from tests.support.asking_operations import Operations
from tests.support.bundling import bundle
from tests.support.declared import FORMS, REFUSED, UNROUTED
from tests.support.furnishing import Things

JSON_PATCH: Final = "application/json-patch+json"
SEEN_IN_PART: Final = frozenset({"Patient", "EpisodeOfCare"})
"""Types of which a caller sees some elements and not others that it could search by: asked more often."""


class Asking(Operations):
    """Requests about `things`, endlessly. What a statement declares and is not known here is never asked, and so not covered."""

    def __init__(self, statement: Resource, things: Things, chance: Random) -> None:
        self.chance, self.things = chance, things
        (rest,) = statement["rest"]
        resources = rest["resource"]
        self.types = [one["type"] for one in resources if one.get("searchParam")]
        self.parameters = {one["type"]: {p["name"]: p["type"] for p in one.get("searchParam", ())} for one in resources}
        forms = [
            (t, n, k, f) for t, named in self.parameters.items() for n, k in named.items() for f in FORMS.get(k, ())
        ]
        self.along = {
            one["type"]: Deck(
                [("_include", name) for name in one.get("searchInclude", ())]
                + [("_revinclude", name) for name in one.get("searchRevInclude", ())],
                chance,
            )
            for one in resources
            if one.get("searchInclude") or one.get("searchRevInclude")
        }
        self.pointing = {one["type"]: one.get("searchRevInclude", ()) for one in resources}
        forms += [(t, "_has", "has", "") for t in self.types if self.pointing[t] for _ in range(4)]
        self.forms = Deck([card for card in forms for _ in range(3 if card[0] in SEEN_IN_PART else 1)], chance)
        self.sorts = {
            t: Deck([f"{way}{n}" for n in named for way in ("", "-")], chance) for t, named in self.parameters.items()
        }
        served = {(one["type"], i["code"]) for one in resources for i in one.get("interaction", ())}
        of_all = [
            ("interaction", "system", o["code"]) for o in rest.get("interaction", ()) if o["code"] in self.by_code
        ]
        self.others = Deck(
            of_all * 4
            + [("interaction", t, code) for t, code in sorted(served) if code in self.by_code and code != "search-type"]
            + [("operation", one["type"], o["name"]) for one in resources for o in one.get("operation", ())]
            + [
                ("operation", "Resource", o["name"])
                for o in rest.get("operation", ())
                for _ in range(1 if o["name"] == "export" else 6)
            ]
            + [("refused", "", one) for one in REFUSED]
            + [("unrouted", "", one) for one in UNROUTED]
            + [("system", "", code) for code in ("batch", "transaction") for _ in range(8)]
            + [("over types", "", "") for _ in range(10)]
            + [("change", "", "") for _ in range(20)],
            chance,
        )

    def requests(self) -> Iterator[Ask]:
        """Two searches, then something else."""
        while True:
            yield self.search()
            yield self.search()
            kind, type_, what = self.others.deal()
            match kind:
                case "interaction":
                    yield self.by_code[what](self, type_)
                case "operation":
                    yield self.operation(type_, what)
                case "refused":
                    yield self.refused(what)
                case "unrouted":
                    yield self.unrouted(what)
                case "system":
                    yield self.whole(what)
                case "over types":
                    yield self.over_types()
                case _:
                    yield self.referral()

    def whole(self, code: str) -> Ask:
        """What is asked of the server as a whole: a bundle of what is asked otherwise, more of it changes in a transaction."""
        kinds = ("read", "create", "update", "patch") if code == "transaction" else ("read", "create", "search-type")

        def one() -> Ask:
            served = [card for card in self.others.cards if card[0] == "interaction" and card[2] in kinds]
            _, type_, interaction = self.chance.choice(served or [("interaction", "Task", "read")])
            return self.by_code[interaction](self, type_)

        return Ask("POST", "/fhir", bundle(code, self.chance, one), covers=frozenset({code}))

    by_code: Final[dict[str, Callable[["Asking", str], Ask]]] = {
        "read": Changes.read, "search-type": lambda asking, _: asking.search(), "create": Changes.create, "update": Changes.update, "patch": Changes.patch,
        "delete": Changes.delete, "vread": asking_history.vread, "history-instance": asking_history.of_instance, "history-type": asking_history.of_type,
        "history-system": asking_history.of_system,
    }  # fmt: skip
    """FHIR's code of an interaction → how it is asked. One that is not here is not covered."""

    def refused(self, query: str) -> Ask:
        strict = (("Prefer", "handling=strict"),) if self.chance.random() < 0.5 else ()
        return Ask("GET", f"/fhir/{self.chance.choice(self.types)}?{query}", headers=strict)

    def unrouted(self, template: str) -> Ask:
        method, _, path = template.partition(" ")
        type_ = self.chance.choice(self.types)
        body = {"resourceType": "Bundle", "type": "batch", "entry": []} if method in {"POST", "PUT", "PATCH"} else None
        return Ask(method, "/fhir/" + path.format(type=type_, id=self.id(type_)), body)


def edited(ask: Ask, answer: str, etag: str) -> Ask:
    """What follows after the reading that an edit begins with; an edit of nothing is sent all the same."""
    assert ask.edit is not None
    read = loads(answer)
    body = ask.edit(
        read if read.get("resourceType") != "OperationOutcome" else {"resourceType": ask.path.split("/")[2]}
    )
    headers = [("Content_Type", JSON_PATCH)] if ask.method == "PATCH" else []
    headers += [("If_Match", etag or 'W/"1"')] if ask.matched else []
    return Ask(ask.method, ask.path, body, tuple(headers), ask.covers)
