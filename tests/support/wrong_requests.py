"""Requests that make no sense, with marked values wherever a request can carry one."""

from typing import Final

import httpx2

from demo.registers import MARK
from tests.support.personas import Persona, Resource

CIN, PHONE = "QX998877", "0699887761"
NAMED = (
    f"{MARK} {PHONE}"  # a wrong code of an element that identifies no one may be said back; this is not shaped like one
)
WRONG_QUERIES: Final = (
    f"Patient?{MARK}=1", f"Patient?identifier={CIN}&birthdate={MARK}", f"Patient?_sort={MARK}", f"Patient?_count={MARK}",
    f"Patient?_page={MARK}", f"Patient?_id={MARK}", f"Patient?identifier:{MARK}={PHONE}", f"Patient?name={MARK}",
    f"Task?patient={MARK}", f"Task?owner:{MARK}=x", f"Task?status={MARK}", f"Task?_lastUpdated={MARK}",
    f"Task?patient.name={MARK}", f"Patient?_has:Observation:patient:code={MARK}", f"Task?_include={MARK}",
    f"Observation?date={MARK}", f"Patient?_format={MARK}", f"Organization?name={MARK}",
    MARK, f"{MARK}/{MARK}", f"Patient/{MARK}", f"Patient/{MARK}%20{PHONE}", f"Patient/{MARK}/_history", f"Patient/${MARK}",
    f"metadata?{MARK}={MARK}", f"metadata/{MARK}",
)  # fmt: skip
WRONG_HEADERS: Final = (
    "Accept", "Content-Type", "If-Match", "If-None-Match", "If-Modified-Since", "Prefer", "X-Request-Id", "Accept-Language",
    "Authorization", "Accept-Charset", "Host", "X-Forwarded-For", "User-Agent", "Referer", MARK,
)  # fmt: skip


def marked(survivor: Resource) -> Resource:
    """A survivor with marked mistakes in her: none of them may be repeated by the refusal."""
    return {
        **survivor,
        "gender": NAMED,
        MARK: CIN,
        "birthDate": PHONE,
        "name": MARK,
        "contact": [{"name": {"text": MARK}}],
    }


def ask_for_what_is_wrong(persona: Persona) -> None:
    body: Resource = {"resourceType": "Patient", "id": MARK, "name": [{"text": MARK}]}
    for query in WRONG_QUERIES:
        persona.ask("GET", query)
        persona.ask("GET", query, headers={"Prefer": "handling=strict"})
    for header in WRONG_HEADERS:
        persona.ask("GET", "Patient", headers={header: MARK})
        persona.ask("POST", "Patient", body, {header: MARK})
    for wrong in (
        f'{{"resourceType": "Patient", "{MARK}"', f'["{MARK}"]', f'"{MARK}"', MARK.encode("utf-16"),
        f'{{"resourceType": "Patient", "{MARK}": 1, "{MARK}": 2}}', body, {**body, "resourceType": MARK}, marked(body),
        {**body, "meta": MARK}, {**body, "meta": {"tag": MARK}}, {**body, "meta": {"profile": [MARK]}},
        {"resourceType": "Observation", "subject": [MARK]}, {"resourceType": "Observation", "subject": {"reference": MARK}},
        {**body, "managingOrganization": {"reference": f"Organization/{MARK}"}}, {**body, "extension": [{"url": MARK}]},
        MARK * 700_000,
    ):  # fmt: skip
        type_ = str(wrong["resourceType"]) if isinstance(wrong, dict) else "Patient"
        persona.ask("POST", type_, wrong)
        persona.ask("PUT", f"{type_}/{MARK}", wrong)
        persona.ask("POST", "Patient/_search", wrong, {"Content-Type": "application/x-www-form-urlencoded"})
    tasks = persona.find("Task", _count="1").resources
    for steps in (
        MARK, [MARK], [{"op": MARK}], [{"op": "replace", "path": f"/{MARK}", "value": MARK}],
        [{"op": "test", "path": "/status", "value": MARK}], [{"op": "replace", "path": "/status", "value": NAMED}],
        [{"op": "add", "path": "/description", "value": NAMED}], [{"op": "add", "path": "/meta", "value": MARK}],
        [{"op": "add", "path": "/note", "value": [{"text": MARK}]}], [{"op": "replace", "path": "/owner", "value": [MARK]}],
    ):  # fmt: skip
        for task in tasks or [{"id": MARK, "meta": {"versionId": MARK}}]:
            headers = {"Content-Type": "application/json-patch+json", "If-Match": f'W/"{task["meta"]["versionId"]}"'}
            persona.ask("PATCH", f"Task/{task['id']}", steps, headers)
    persona.ask(MARK, "Patient")
    persona.ask("DELETE", f"Patient/{MARK}")
    ask_for_a_wrong_token(persona)


def ask_for_a_wrong_token(persona: Persona) -> None:
    form = {
        "grant_type": "client_credentials",
        "scope": MARK,
        "client_assertion": f"{MARK}.{MARK}.{MARK}",
        "client_id": MARK,
    }
    for more in ({}, {"client_assertion_type": MARK}, {"grant_type": MARK}, {MARK: MARK}):
        media = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
        persona.ask("POST", "../oauth/token", str(httpx2.QueryParams(form | more)), media)
