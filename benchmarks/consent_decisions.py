"""A decision over compiled Consents with its reason: five Consents with nested provisions, as one woman may have given to
several recipients; and what compiling them costs once."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

from hub.consent.compiled import Compiled, Permit
from hub.consent.facts import Facts
from hub.consent.provisions import Question
from hub.consent.rules import purposes_under
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system

START = datetime(2026, 1, 1, tzinfo=UTC)
HOSPITAL, COURT, POLICE, SHELTER = "chu", "tribunal", "police", "dar"
QUESTIONS = 20_000


def level(type_: str | None = None, to: tuple[str, ...] = (), classes: tuple[str, ...] = (), **more: Any) -> Resource:
    role = {"coding": [{"system": f"{TERMINOLOGY}/v3-ParticipationType", "code": "IRCP"}]}
    written = {
        "type": type_,
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "actor": [{"role": role, "reference": {"reference": one}} for one in to],
        "class": [{"system": code_system("data-class"), "code": one} for one in classes],
        "purpose": [{"system": f"{TERMINOLOGY}/v3-ActReason", "code": one} for one in more.pop("purposes", ())],
        **more,
    }
    return {name: value for name, value in written.items() if value}


def labels(*codes: str) -> list[dict[str, str]]:
    return [{"system": f"{TERMINOLOGY}/v3-Confidentiality", "code": code} for code in codes]


def consents() -> list[Resource]:
    everywhere = ("core", "safe-contact", "needs-and-services", "incident-summary", "health")
    care = {"purposes": ("TREAT",)}
    roots = [
        level(provision=[level("permit", (f"Organization/{HOSPITAL}",), everywhere, **care),
                         level("deny", ("Practitioner/nadia",))]),
        level(provision=[level("permit", (f"Organization/{COURT}",), ("core", "legal"), purposes=("HLEGAL",), provision=[
                         level("deny", classes=("legal",), dataPeriod={"end": "2025-12-31"})])]),
        level(provision=[level("permit", ("Practitioner/amal",), ("psychosocial",), **care, provision=[
                         level("deny", securityLabel=labels("V"), provision=[
                             level("permit", classes=("psychosocial",), data=[{"meaning": "authoredby",
                                   "reference": {"reference": "Practitioner/amal"}}])])])]),
        level("deny", (f"Organization/{POLICE}",)),
        level(provision=[level("permit", (f"Organization/{SHELTER}",), everywhere, securityLabel=labels("R"), **care),
                         level("deny", classes=("safe-contact",), data=[{"meaning": "instance",
                               "reference": {"reference": "Observation/o1"}}])]),
    ]  # fmt: skip
    scope = {"coding": [{"code": "patient-privacy"}]}
    return [{"resourceType": "Consent", "id": f"c{n}", "status": "active", "scope": scope, "provision": root}
            for n, root in enumerate(roots)]  # fmt: skip


def documents() -> list[Facts]:
    by = [{"reference": "Practitioner/amal"}]
    found = [
        {
            "resourceType": "Observation",
            "id": f"o{n}",
            "effectiveDateTime": f"2025-0{n + 1}",
            "performer": by if n % 2 else [],
        }
        for n in range(6)
    ]
    return [Facts(one, "yasmine", START) for one in found]


def questions() -> list[Question]:
    chance, kept = Random(0), documents()
    return [
        Question(
            chance.choice((HOSPITAL, COURT, POLICE, SHELTER)),
            chance.choice(("TREAT", "COC", "HLEGAL")),
            chance.choice(("core", "legal", "psychosocial", "safe-contact", "identity")),
            START + timedelta(days=chance.randrange(400)),
            chance.choice(("", "", "Practitioner/amal", "Practitioner/nadia")),
            document=chance.choice(kept),
        )
        for _ in range(QUESTIONS)
    ]


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def main() -> None:
    given, asked = consents(), questions()
    compiling = median(timed(lambda: Compiled(given, purposes_under())) for _ in range(200))
    compiled = Compiled(given, purposes_under())
    answers = [compiled.decide(one) for one in asked]
    seconds = sorted(timed(lambda one=one: compiled.decide(one)) for one in asked)  # type: ignore[misc]
    print(
        json.dumps(
            {
                "a decision with its reason, median, µs": round(median(seconds) * 1e6, 1),
                "95 of 100 decisions, µs": round(seconds[len(seconds) * 95 // 100] * 1e6, 1),
                "permitted, of 100": round(100 * sum(isinstance(one, Permit) for one in answers) / len(answers)),
                "compiling five Consents, µs": round(compiling * 1e6),
            }
        )
    )


main()
