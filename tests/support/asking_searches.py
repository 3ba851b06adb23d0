"""Searches of all kinds: each declared parameter in each of its forms, chained, included, over types."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from hub.search.parameters import PARAMETERS
from tests.support.asked import Ask
from tests.support.asking_base import Base

FORM: Final = "application/x-www-form-urlencoded"
VALUE_SET: Final = "http://hl7.org/fhir/ValueSet/task-status"


class Searches(Base):
    """What is searched."""

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
