"""Operations, each as it may be asked, rightly and wrongly."""

from random import Random
from urllib.parse import urlencode

from hub.fhir import Resource
from tests.support.asked import Ask
from tests.support.asking_changes import CREATED, Changes
from tests.support.asking_of_r4 import OF_R4, match_services
from tests.support.asking_subscriptions import subscriptions
from tests.support.uploading import guessed
from tests.support.written import example


class Operations(Changes):
    """What is operated."""

    def operation(self, type_: str, name: str) -> Ask:
        covers = frozenset({f"{type_}${name}"})
        if type_ == "Subscription":
            return subscriptions(self, name, covers)
        if name == "export":
            return self.export(type_)
        if name == "import-register":
            guess = guessed(Random(str(self.chance.random())))
            return Ask("POST", guess.path, guess.body, guess.headers, covers)
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
        if (type_, name) == ("Task", "alternatives"):
            return Ask(self.chance.choice(["GET", "POST"]), f"/fhir/Task/{self.id('Task')}/${name}", covers=covers)
        if (type_, name) == ("Task", "timeline"):
            return Ask("GET", f"/fhir/Task/{self.id('Task')}/${name}", covers=covers)
        if (type_, name) == ("Measure", "evaluate-measure"):
            of = self.chance.choice(["/monthly-report", "", "/none"])
            first, last = self.chance.choice(
                [("2026-10-01", "2026-10-31"), ("2026-03-01", "2026-03-31"), ("2026-10-02", "x")]
            )
            whose = self.chance.choice(["", "&reporter=Organization/amal"])
            path = f"/fhir/Measure{of}/${name}?periodStart={first}&periodEnd={last}{whose}"
            return Ask("GET", path, covers=covers)
        if (type_, name) == ("HealthcareService", "match"):
            method, path, body = match_services(self)
            return Ask(method, path, body, covers=covers)
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
        apart = Random(f"{path} {pairs}")
        if apart.random() < 0.2:
            pairs.append(("_elements", apart.choice(["id", "status,id", "id,meta"])))
        text = f"/fhir/{path}$export{'?' if pairs else ''}{urlencode(pairs)}"
        covers = frozenset({f"{type_}$export"})
        if type_ == "Resource" or apart.random() < 0.5:
            return Ask("GET", text, headers=headers, covers=covers)
        known = [*self.things.references["Patient"], *self.things.mine]
        named = [
            {"name": "patient", "valueReference": {"reference": f"Patient/{apart.choice(known)}"}} for _ in range(3)
        ]
        body = {"resourceType": "Parameters", "parameter": named}
        return Ask("POST", text, body, headers=headers, covers=covers)

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
