"""Random requests that cover all that a CapabilityStatement declares: each interaction and operation of each type, and each
search parameter in each of its forms; with guesses at what is hidden, and wrong requests.

A request says what it covers (`Task read`, `Task?owner:missing`). The walk deals from a shuffled deck of all forms, so a long
walk covers everything; `declared` says what everything is, from the statement alone.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

from hub.exchange.change import PERSON_ELEMENT
from hub.fhir import Resource
from hub.fhir.serial import dumps, loads
from hub.search.parameters import PARAMETERS
from tests.support import asking_history
from tests.support.asked import Ask
from tests.support.asking_of_r4 import OF_R4
from tests.support.bundling import bundle
from tests.support.declared import FORMS, REFUSED, UNROUTED
from tests.support.furnishing import CALLER, Things, concept, example

FORM: Final = "application/x-www-form-urlencoded"
JSON_PATCH: Final = "application/json-patch+json"
VALUE_SET: Final = "http://hl7.org/fhir/ValueSet/task-status"
SEEN_IN_PART: Final = frozenset({"Patient", "EpisodeOfCare"})
"""Types of which a caller sees some elements and not others that it could search by: asked more often."""

STATUSES: Final = ("received", "accepted", "rejected", "in-progress", "on-hold", "completed", "cancelled", "requested")
CREATED: Final = (
    "survivor", "case", "incident", "need", "outcome", "consent-by-class", "protective-measure", "intake", "condition",
    "medical-service", "risk-assessment", "safety-flag", "safety-plan", "care-team", "document", "summary", "caregiver",
    "questionnaire-response", "list", "list--of-one-survivor", "group", "practitioner", "staff-role", "questionnaire", "service",
    "location", "endpoint", "aggregate-report",
)  # fmt: skip


@dataclass
class Deck:
    """Cards in random order; when all are dealt they are shuffled anew."""

    cards: list[Any]
    chance: Random
    _left: list[Any] = field(default_factory=list)

    def deal(self) -> Any:
        if not self._left:
            self._left = self.chance.sample(self.cards, len(self.cards))
        return self._left.pop()


def _kept_by_caller(resource: Resource) -> Resource:
    found: Resource = loads(re.sub(r"Organization/[a-z-]+", f"Organization/{CALLER}", dumps(resource)))
    return found


class Asking:
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

    # --- ids and values ----------------------------------------------------------------------------------------------

    def id(self, type_: str) -> str:
        """Of something seen, hidden, new or not there at all."""
        known = self.things.references.get(type_, [])
        others = ["00000000-0000-4000-8000-000000000000", f"NEW.{self.chance.randrange(200)}."]
        return self.chance.choice(known if known and self.chance.random() < 0.9 else others)

    def _value(self, type_: str, name: str) -> Any:
        if name == "_id":
            return self.id(type_)
        if name == "_lastUpdated":
            return {"l": datetime.fromisoformat(f"2026-11-20T0{self.chance.randrange(1, 10)}:00:00+00:00")}
        found = self.things.values.get(type_, {}).get(name)
        return self.chance.choice(found) if found else None

    # --- searches ----------------------------------------------------------------------------------------------------

    def search(self) -> Ask:
        type_, name, kind, form = self.forms.deal()
        pairs = [self._pair(type_, name, kind, form)]
        sort = self.sorts[type_].deal()
        covers = {f"{type_} search-type", f"{type_}?{name}{form}", f"{type_}?_sort={sort.removeprefix('-')}"}
        pairs.append(("_sort", sort))
        if self.chance.random() < 0.5:
            pairs.append(("_count", str(self.chance.randrange(6))))
        if self.chance.random() < 0.2:
            pairs.append(
                self.chance.choice(
                    [
                        ("_summary", "true"),
                        ("_summary", "data"),
                        ("_elements", "status,name"),
                        ("_total", "accurate"),
                        ("_summary", "count"),
                        ("_total", "none"),
                        ("colour", "red"),
                    ]
                )
            )
        if self.chance.random() < 0.2:
            _, second, kind_, form_ = self.chance.choice([card for card in self.forms.cards if card[0] == type_])
            pairs.append(self._pair(type_, second, kind_, form_))
        if type_ in self.along and self.chance.random() < 0.6:
            included = self.along[type_].deal()
            covers.add(f"{type_}?{'='.join(included)}")
            pairs += [included, *self._iterated()]
        text = urlencode(pairs)
        path = f"/fhir/{type_}"
        if self.chance.random() < 0.1:
            path = f"/fhir/Patient/{self.id('Patient')}/{type_}"
        if self.chance.random() < 0.5:
            return Ask("GET", f"{path}?{text}", covers=frozenset(covers))
        return Ask("POST", f"{path}/_search", text, (("Content_Type", FORM),), frozenset(covers))

    def _iterated(self) -> list[tuple[str, str]]:
        also = [
            ("_include:iterate", "*"),
            ("_revinclude:iterate", "Provenance:target"),
            ("_revinclude", "*"),
            ("_include", "*"),
        ]
        return [self.chance.choice(also)] if self.chance.random() < 0.2 else []

    def over_types(self) -> Ask:
        """Of several types at once, or all that belongs to one survivor."""
        named = self.chance.sample(self.types, self.chance.randrange(1, 6))
        pairs = [self._pair(named[0], *self.chance.choice([("_id", "token", ""), ("_lastUpdated", "date", "ge")]))]
        pairs = pairs if self.chance.random() < 0.5 else []
        pairs += [("_type", ",".join(named))] if self.chance.random() < 0.7 else []
        pairs += [("_count", str(self.chance.randrange(9)))] if self.chance.random() < 0.7 else []
        pairs += self._iterated()
        if self.chance.random() < 0.5:
            path = f"/fhir/Patient/{self.id('Patient')}/*"
            return Ask("GET", f"{path}?{urlencode(pairs)}", covers=frozenset({"compartment"}))
        if self.chance.random() < 0.5:
            return Ask("GET", f"/fhir?{urlencode(pairs)}", covers=frozenset({"search-system"}))
        return Ask("POST", "/fhir/_search", urlencode(pairs), (("Content_Type", FORM),), frozenset({"search-system"}))

    def _inner(self, type_: str) -> tuple[str, str]:
        """A parameter of another type, at the end of a chain."""
        forms = [card for card in self.forms.cards if card[0] == type_ and card[3] not in {".", ":missing"}]
        _, name, kind, form = self.chance.choice(forms)
        return self._pair(type_, name, kind, form)

    def _chain(self, type_: str, name: str) -> tuple[str, str]:
        targets = [one for one in PARAMETERS[type_][name].targets if one in self.types] or ["Patient"]
        target = self.chance.choice(targets)
        inner, value = self._inner(target)
        typed = f":{target}" if self.chance.random() < 0.5 else ""
        return f"{name}{typed}.{inner}", value

    def _has(self, type_: str) -> tuple[str, str]:
        source, name = self.chance.choice(self.pointing[type_]).split(":")
        inner, value = self._inner(source)
        return f"_has:{source}:{name}:{inner}", value

    def _pair(self, type_: str, name: str, kind: str, form: str) -> tuple[str, str]:
        if kind == "has":
            return self._has(type_)
        if form == ".":
            return self._chain(type_, name)
        value = self._value(type_, name)
        if form == ":missing":
            return f"{name}:missing", self.chance.choice(["true", "false"])
        modifier = form if form.startswith(":") else ""
        match kind:
            case "token":
                text = str(value if value is not None else "nothing")
                system, _, code = text.rpartition("|")
                text = {"system": f"{system}|", "code": code, ":of-type": f"urn:t|t|{code}"}.get(form, text)
                text = VALUE_SET if form in {":in", ":not-in"} else text
            case "reference":
                text = str(value or f"Patient/{self.id('Patient')}")
                bare = text.rpartition("/")[2]
                text = {
                    "id": bare,
                    ":Patient": bare,
                    ":identifier": f"|{bare}",
                    "url": f"https://hub.example/fhir/{text}",
                }.get(form, text)
            case "date":
                text = form + self._date(value)
                modifier = ""
            case "number" | "quantity":
                text = form.removeprefix("unit") + self._amount(value) + ("|urn:u|u" if form == "unit" else "")
                modifier = ""
            case "composite":
                text = "x$x"
            case "special":
                text = "33.5|-7.6|500|km"
            case _:
                text = str(value or "a")
        return f"{name}{modifier}", text.replace(",", r"\,")

    def _amount(self, value: Any) -> str:
        return str(next(iter(value.values()))) if isinstance(value, dict) else str(self.chance.randrange(9))

    def _date(self, value: Any) -> str:
        low: datetime = value["l"] if value else datetime.fromisoformat("2026-03-12T10:00:00+00:00")
        return low.isoformat()[: self.chance.choice([4, 7, 10, 10, 25])] if low.year > 1900 else "2026"

    # --- reading, changing -------------------------------------------------------------------------------------------

    def read(self, type_: str) -> Ask:
        headers = self.chance.choice([(), (), (("If_None_Match", 'W/"1"'),), (("Accept_Language", "ar"),)])
        short = self.chance.choice(["", "", "?_summary=true", "?_summary=text", "?_elements=identifier,name,subject"])
        method = self.chance.choice(["GET", "GET", "GET", "HEAD"])
        return Ask(
            method, f"/fhir/{type_}/{self.id(type_)}{short}", headers=headers, covers=frozenset({f"{type_} read"})
        )

    def create(self, type_: str) -> Ask:
        written = [one for one in CREATED if example(one)["resourceType"] == type_]
        body = self._mine(example(self.chance.choice(written))) if written else {"resourceType": type_}
        headers = (("If_None_Exist", self.condition(type_)),) if self.chance.random() < 0.2 else ()
        return Ask("POST", f"/fhir/{type_}", body, headers, frozenset({f"{type_} create"}))

    def _mine(self, resource: Resource) -> Resource:
        """As the caller would send it, of any person: also of one that is not the caller's, or not there."""
        keeper = {"reference": f"Organization/{CALLER}"}
        known = self.things.mine if self.chance.random() < 0.6 else [self.id("Patient")]
        person = {"reference": f"Patient/{self.chance.choice(known)}"}
        said = {
            "Patient": {"managingOrganization": keeper}, "EpisodeOfCare": {"managingOrganization": keeper, "patient": person},
            "Observation": {"performer": [keeper], "subject": person}, "Consent": {"organization": [keeper], "patient": person},
            "ServiceRequest": {"requester": keeper, "subject": person, "performer": [{"reference": "Organization/hopital"}]},
        }  # fmt: skip
        type_ = resource["resourceType"]
        element = PERSON_ELEMENT.get(type_)
        if type_ in said:
            return resource | said[type_]
        if element not in resource:
            return _kept_by_caller(resource)
        return _kept_by_caller(resource) | {element: person}

    def condition(self, type_: str) -> str:
        name, kind = self.chance.choice(
            [("_id", "token"), *((n, k) for n, k in self.parameters[type_].items() if n in {"identifier", "patient"})]
        )
        return urlencode([self._pair(type_, name, kind, "")])

    def update(self, type_: str) -> Ask:
        if self.chance.random() < 0.2:
            written = [one for one in CREATED if example(one)["resourceType"] == type_] or ["referral-task"]
            body = {k: v for k, v in self._mine(example(self.chance.choice(written))).items() if k != "id"}
            path = f"/fhir/{type_}?{self.condition(type_)}"
            return Ask("PUT", path, body, (("If_Match", 'W/"1"'),), frozenset({f"{type_} update"}))
        mine = type_ == "Patient" and self.chance.random() < 0.5
        id_ = self.chance.choice(self.things.mine) if mine else self.id(type_)
        path, covers = f"/fhir/{type_}/{id_}", frozenset({f"{type_} update"})
        if self.chance.random() < 0.3:
            written = example(
                "referral-task"
                if type_ == "Task"
                else next((c for c in CREATED if example(c)["resourceType"] == type_), "need")
            )
            return Ask("PUT", path, self._mine(written) | {"id": id_}, (("If_Match", 'W/"1"'),), covers)
        change = {
            "Patient": {"gender": self.chance.choice(["female", "unknown"])}, "Consent": {"status": "inactive"},
            "Observation": {"status": "amended"}, "EpisodeOfCare": {"status": "finished"}, "Task": {"status": self.chance.choice(STATUSES)},
            "ServiceRequest": {"priority": self.chance.choice(["stat", "urgent"])},
        }.get(type_, {"language": self.chance.choice(["fr", "ar"])})  # fmt: skip
        return Ask("PUT", path, covers=covers, edit=lambda seen: seen | change, matched=self.chance.random() < 0.9)

    def patch(self, type_: str) -> Ask:
        steps = self.chance.choice(
            [
                [{"op": "test", "path": "/name/0/text", "value": "سعاد مثال"}],
                [{"op": "test", "path": "/birthDate", "value": "2003"}, {"op": "add", "path": "/active", "value": True}],
                [{"op": "remove", "path": "/note"}],
                [{"op": "copy", "from": "/identifier/1", "path": "/identifier/0"}],
                [{"op": "replace", "path": "/status", "value": self.chance.choice(STATUSES)}],
                [{"op": "add", "path": "/priority", "value": "urgent"}],
                [{"op": "replace", "path": "/nothing/here", "value": 1}],
            ]
        )  # fmt: skip
        if self.chance.random() < 0.3:
            return self._other_patch(type_)
        path = f"/fhir/{type_}/{self.id(type_)}"
        return Ask(
            "PATCH",
            path,
            covers=frozenset({f"{type_} patch"}),
            edit=lambda _: steps,
            matched=self.chance.random() < 0.8,
        )

    def _other_patch(self, type_: str) -> Ask:
        """An object, or paths; of one that is named, or of what is found."""
        where = f"/{self.id(type_)}" if self.chance.random() < 0.5 else f"?{self.condition(type_)}"
        said = {
            "type": "delete",
            "path": self.chance.choice([f"{type_}.note", f"{type_}.identifier[1]", f"{type_}.name"]),
        }
        parts = [{"name": name, "valueString": value} for name, value in said.items()]
        paths = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
        media, body = self.chance.choice(
            [
                ("application/merge-patch+json", {"status": self.chance.choice(STATUSES)}),
                ("application/fhir+json", paths),
            ]
        )
        headers = (("Content_Type", media), ("If_Match", 'W/"1"'))
        return Ask("PATCH", f"/fhir/{type_}{where}", body, headers, frozenset({f"{type_} patch"}))

    def delete(self, type_: str) -> Ask:
        headers = self.chance.choice([(), (), (("If_Match", 'W/"1"'),), (("Prefer", "return=OperationOutcome"),)])
        where = f"/{self.id(type_)}" if self.chance.random() < 0.7 else f"?{self.condition(type_)}"
        return Ask("DELETE", f"/fhir/{type_}{where}", headers=headers, covers=frozenset({f"{type_} delete"}))

    by_code: Final[dict[str, Callable[["Asking", str], Ask]]] = {
        "read": read, "search-type": lambda asking, _: asking.search(), "create": create, "update": update, "patch": patch,
        "delete": delete, "vread": asking_history.vread, "history-instance": asking_history.of_instance, "history-type": asking_history.of_type,
        "history-system": asking_history.of_system,
    }  # fmt: skip
    """FHIR's code of an interaction → how it is asked. One that is not here is not covered."""

    def referral(self) -> Ask:
        """A step that is right more often than not."""
        status = self.chance.choice(STATUSES)
        said: Resource = {"status": status}
        if status in {"rejected", "cancelled", "on-hold"}:
            said["statusReason"] = concept("referral-status-reason", "no-capacity") | {
                "text": "Said by the one who decided."
            }
        if status == "completed":
            given = concept("referral-outcome", "service-provided")
            said["output"] = [{"type": concept("task-output", "outcome"), "valueCodeableConcept": given}]
        steps = [{"op": "add", "path": f"/{name}", "value": value} for name, value in said.items()]
        return Ask("PATCH", f"/fhir/Task/{self.id('Task')}", covers=frozenset({"Task patch"}), edit=lambda _: steps)

    # --- operations, and what is not served --------------------------------------------------------------------------

    def operation(self, type_: str, name: str) -> Ask:
        covers = frozenset({f"{type_}${name}"})
        if name == "export":
            return self.export(type_)
        if name in {"break-glass", "disclose-by-duty"}:
            return Ask("POST", self._override(name), self._exception(name), covers=covers)
        if type_ == "Consent" and name in {"simulate", "withdraw"}:
            path, body = self._simulate() if name == "simulate" else self._withdraw()
            return Ask("POST", path, body, covers=covers)
        if (type_, name) == ("Task", "close"):
            status, code = self.chance.choice(
                [("completed", "service-provided"), ("failed", "no-capacity"), ("draft", "x")]
            )
            said = [{"name": "status", "valueCode": status}, {"name": "code", "valueCode": code}]
            body = {"resourceType": "Parameters", "parameter": said}
            return Ask("POST", f"/fhir/Task/{self.id('Task')}/${name}", body, covers=covers)
        if name in OF_R4:
            method, path, body = OF_R4[name](self, name)
            return Ask(method, path, body, covers=covers)
        if type_ != "Resource":
            query = self.chance.choice(
                [
                    "",
                    "?url=http://hl7.org/fhir/administrative-gender",
                    "?system=http://hl7.org/fhir/task-status&code=ready",
                ]
            )
            return Ask("GET", f"/fhir/{type_}/${name}{query}", covers=covers)
        stored = self.chance.choice(self.types)
        path, mode = (
            f"/fhir/{stored}/{self.id(stored)}/${name}",
            self.chance.choice(["", "?mode=update", "?mode=delete", "?mode=create"]),
        )
        if self.chance.random() < 0.4:
            return Ask("GET", path + mode, covers=covers)
        written = self._mine(example(self.chance.choice(CREATED)))
        if self.chance.random() < 0.3:
            return Ask("POST", f"/fhir/{written['resourceType']}/${name}{mode}", written, covers=covers)
        path = f"/fhir/{written['resourceType']}/{(id_ := self.id(written['resourceType']))}/${name}"
        return Ask("POST", path + mode, written | {"id": id_}, covers=covers)

    def export(self, type_: str) -> Ask:
        """`type_` as the statement says it: `Resource` is the whole system."""
        path = {"Resource": "", "Group": f"Group/{self.id('Group')}/"}.get(type_, f"{type_}/")
        pairs = [("_type", ",".join(self.chance.sample(self.types, 3)))] if self.chance.random() < 0.5 else []
        if self.chance.random() < 0.3:
            filtered, name, kind, form = self.forms.deal()
            pairs = [
                ("_type", filtered),
                ("_typeFilter", f"{filtered}?{urlencode([self._pair(filtered, name, kind, form)])}"),
            ]
        if self.chance.random() < 0.3:
            pairs.append(("_since", f"2026-11-20T0{self.chance.randrange(1, 10)}:00:00Z"))
        headers = (
            ("Prefer", self.chance.choice(["respond-async", "respond-async", "respond-async, handling=lenient", "x"])),
        )
        text = f"/fhir/{path}$export{'?' if pairs else ''}{urlencode(pairs)}"
        return Ask("GET", text, headers=headers, covers=frozenset({f"{type_}$export"}))

    def _override(self, name: str) -> str:
        whole = f"/fhir/Patient/${name}" + self.chance.choice(["", "", "", "?identifier=ZZ000000"])
        return whole if name == "break-glass" else f"/fhir/Patient/{self.id('Patient')}/${name}"

    def _exception(self, name: str) -> Resource:
        """Whom it means is guessed as everything else is: by a number or a code that somebody has, by a reference, or not at all."""
        words = self.chance.choice(["Said by the one who asks for it.", "Said by the one who asks for it.", "short"])
        said: list[Resource] = [
            {"name": "reason", "valueCode": self.chance.choice(["danger-to-life", "danger-to-life", "curiosity"])},
            {"name": "text", "valueString": words},
        ]
        if name == "disclose-by-duty":
            said += [
                {"name": "recipient", "valueReference": {"reference": f"Organization/{self.id('Organization')}"}},
                {"name": "policy", "valueId": "legal-duty"}, {"name": "informed", "valueCode": "informed"},
            ]  # fmt: skip
        elif self.chance.random() < 0.3:
            said.append({"name": "patient", "valueReference": {"reference": f"Patient/{self.id('Patient')}"}})
        else:
            system, _, value = str(self._value("Patient", "identifier") or "|").rpartition("|")
            said.append({"name": "identifier", "valueIdentifier": {"system": system, "value": value}})
        return {"resourceType": "Parameters", "parameter": said}

    def _person(self) -> Resource:
        """One that the caller keeps, more often than not."""
        mine = self.chance.random() < 0.6
        return {"reference": f"Patient/{self.chance.choice(self.things.mine) if mine else self.id('Patient')}"}

    def _simulate(self) -> tuple[str, Resource]:
        given: list[Resource] = [{"name": "patient", "valueReference": self._person()}]
        if self.chance.random() < 0.5:
            given.append({"name": "withdraw", "valueReference": {"reference": f"Consent/{self.id('Consent')}"}})
        if self.chance.random() < 0.5:
            consent = self._mine(example("consent-by-class")) | {"patient": given[0]["valueReference"]}
            given.append({"name": "consent", "resource": consent})
        if self.chance.random() < 0.2:
            given.append({"name": "recipient", "valueReference": {"reference": "Organization/hopital"}})
        return "/fhir/Consent/$simulate", {"resourceType": "Parameters", "parameter": given}

    def _withdraw(self) -> tuple[str, Resource]:
        given: list[Resource] = []
        path = f"/fhir/Consent/{self.id('Consent')}/$withdraw"
        if self.chance.random() < 0.4:
            path, given = "/fhir/Consent/$withdraw", [{"name": "patient", "valueReference": self._person()}]
        if self.chance.random() < 0.4:
            named = self.chance.choice(["hopital", "amal", "nobody"])
            given.append({"name": "recipient", "valueReference": {"reference": f"Organization/{named}"}})
        return path, {"resourceType": "Parameters", **({"parameter": given} if given else {})}

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
