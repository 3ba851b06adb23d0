"""A Primero server that is played: cases, incidents and referrals of one module, as the account's role may see them.

As https://github.com/primeroIMS/primero does, version 2: `data` and `metadata`, `per` up to 1,000, `last_updated_at` as a range,
subforms merged by `unique_id` (one without is appended), a record with an unknown field refused as a whole, referrals that pass
over a step they do not allow without a word, Basic, bearer and session with `CSRF-TOKEN`.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.replay import Answer, Asked, StandIn, route

Record = dict[str, Any]
BEGUN: Final = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
LARGEST: Final = 1000
SERVICE: Final = {
    "unique_id": "text_field",
    "service_type": "select_box",
    "service_response_timeframe": "select_box",
    "service_response_day_time": "date_field",
    "service_implementing_agency": "select_box",
    "service_status_referred": "tick_box",
    "service_implemented": "select_box",
    "service_implemented_day_time": "date_field",
    "note_on_referral_from_provider": "text_field",
}
SECTORS: Final = ("security", "psychosocial", "health", "safehouse", "legal", "protection", "livelihoods", "other")
CONSENTS: Final = {f"consent_to_share_info_by_{one}": "radio_button" for one in SECTORS} | {
    f"consent_to_share_{one}_organization": "text_field" for one in SECTORS if one != "other"
}
SURVIVOR: Final = {
    "survivor_code_no": "text_field",
    "name": "text_field",
    "sex": "select_box",
    "age": "numeric_field",
    "date_of_birth": "date_field",
    "maritial_status": "select_box",
    "gbv_displacement_status": "select_box",
    "gbv_disability_type": "select_box",
    "status": "select_box",
    "estimated": "radio_button",
    "consent_for_services": "tick_box",
}
FORMS: Final = {
    "gbv_survivor_information": SURVIVOR,
    "consent_for_referrals": CONSENTS,
    "gbv_referral_form": {"date_of_referral": "date_field"},
}
FIELDS: Final = {name: kind for form in FORMS.values() for name, kind in form.items()}
LABELS: Final = {
    "sex": {"en": "Sex", "fr": "Sexe", "ar": "الجنس"},
    "maritial_status": {"en": "Marital status", "fr": "État matrimonial", "ar": "الحالة العائلية"},
}
"""As an administrator has worded them; all others are called by their names in English."""
LOOKUPS: Final = {
    "sex": {
        "female": {"en": "Female", "fr": "Femme", "ar": "أنثى"},
        "male": {"en": "Male", "fr": "Homme", "ar": "ذكر"},
    },
    "maritial_status": {
        "single_91726": {"en": "Single", "fr": "Célibataire", "ar": "عازبة"},
        "married_cohabitating": {"en": "Married", "fr": "Mariée", "ar": "متزوجة"},
    },
    "service_type": {
        "health_medical_services": {"en": "Health", "fr": "Santé", "ar": "الصحة"},
        "legal_assistance_service": {"en": "Legal", "fr": "Juridique", "ar": "قانونية"},
    },
    "service_response_timeframe": {"1_day": {"en": "1 day"}, "3_days": {"en": "3 days"}},
    "service-referred": {
        "referred": {"en": "Referred"},
        "referral_declined_by_survivor_80724": {"en": "Referral declined by survivor", "fr": "Référencement refusé"},
    },
}
INCIDENT: Final = {
    "incident_date": "date_field",
    "incident_timeofday": "select_box",
    "incident_location_type": "select_box",
    "gbv_sexual_violence_type": "select_box",
}
PERPETRATOR: Final = ("perpetrator_relationship", "perpetrator_sex", "age_group")
SHELTER: Final = "service_safehouse_referral"
OF_SERVICES: Final = {
    "health_medical_referral_subform_section": "service_medical_referral",
    "psychosocial_counseling_services_subform_section": "service_psycho_referral",
    "legal_assistance_services_subform_section": "service_legal_referral",
    "police_or_other_type_of_security_services_subform_section": "service_police_referral",
    "livelihoods_services_subform_section": "service_livelihoods_referral",
    "child_protection_services_subform_section": "service_protection_referral",
}
"""The form of an incident that asks of each service whether she was referred."""
OFFERED: Final = {
    "success_status": ("successful", "not_successful"),
    "reason_not_successful": (
        "client_refused_services", "lack_of_capacity", "other", "services_no_longer_needed", "unable_to_contact_client",
        "unable_to_contact_referred_to_organization",
    ),
}  # fmt: skip
"""What newer servers want to be told with the end of a referral."""
ANSWERS: Final = frozenset({"status", "rejected_reason", "rejection_note"})
STEPS: Final = {("in_progress", "accepted"), ("in_progress", "rejected"), ("accepted", "done")}


class Primero(StandIn):
    """The server. `services`: the fields of a service that the role's forms have. `newer`: one that wants to be told how a referral
    has ended, and refuses an answer with a word that it does not know; older ones pass over such words."""

    def __init__(self, user: str = "hub", password: str = "a-password", *, newer: bool = False) -> None:
        super().__init__()
        self.newer = newer
        self.reasons = OFFERED["reason_not_successful"]
        self.user, self.password = user, password
        self.cases: dict[str, Record] = {}
        self.incidents: dict[str, list[Record]] = {}
        self.referrals: dict[str, list[Record]] = {}
        self.transfers: dict[str, list[Record]] = {}
        self.services = dict(SERVICE)
        self.implemented = ("implemented", "not_implemented")
        self.lost: set[str] = set()  # forms that were taken from the role
        self.hidden: set[str] = set()  # what the role may not see, by field or by what hangs on a case
        self._now = BEGUN

    # what a test does
    def add(self, case: Mapping[str, Any], *, incidents: list[Record] | None = None) -> str:
        record = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"case-{len(self.cases)}")), "enabled": True, **case}
        self.cases[record["id"]] = {"record_state": True, "status": "open", "owned_by": "cw_anouar", **record}
        self.incidents[record["id"]] = incidents or []
        self.touch(record["id"])
        return str(record["id"])

    def edit(self, case: str, **values: Any) -> None:
        self.cases[case] |= values
        self.touch(case)

    def touch(self, case: str, after: timedelta = timedelta(minutes=1)) -> None:
        self._now += after
        self.cases[case]["last_updated_at"] = self._now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def refer(self, case: str, row: str, **values: Any) -> Record:
        """A referral to the account of the hub, or with `remote` to nobody in the tool."""
        made = {"id": str(uuid.uuid4()), "status": "in_progress", "record_type": "case", "service_record_id": row}
        self.referrals.setdefault(case, []).append({**made, "user_can_accept_or_reject": True, **values})
        self.touch(case)
        return self.referrals[case][-1]

    # what the tool does
    def refuse(self, asked: Asked) -> Answer | None:
        if asked.path == "/api/v2/tokens":
            return None
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if asked.headers.get("authorization") in {f"Basic {basic}", f"Bearer {self.password}"}:
            return None
        if "_app_session=open" in asked.headers.get("cookie", ""):
            lacks = asked.method != "GET" and asked.headers.get("x-csrf-token") != "a-token"
            return failed(403, asked.path, "InvalidAuthenticityToken") if lacks else None
        return failed(401, asked.path, "unauthenticated")

    def unknown(self, asked: Asked) -> Answer:
        return failed(404, asked.path, "Not Found")

    @route("POST", "/api/v2/tokens")
    def sign_in(self, asked: Asked) -> Answer:
        said = asked.json().get("user", {})
        if (said.get("user_name"), said.get("password")) != (self.user, self.password):
            return failed(401, asked.path, "unauthenticated")
        cookies = "_app_session=open; Path=/"  # the server sends two; one header is all that this one can
        return Answer(
            200, {"id": 1, "user_name": self.user}, {"Set-Cookie": cookies, "set-cookie": "CSRF-TOKEN=a-token; Path=/"}
        )

    @route("GET", "/api/v2/cases")
    def listed(self, asked: Asked) -> Answer:
        query = asked.query
        per, page = min(int(query.get("per", 20)), LARGEST), int(query.get("page", 1))
        start, _, end = query.get("last_updated_at", "..").partition("..")
        found = [one for one in self.cases.values() if _between(one["last_updated_at"], start, end)]
        found.sort(
            key=lambda one: str(one.get(query.get("order_by", "created_at"))), reverse=query.get("order") != "asc"
        )
        data = [self._seen(one) for one in found[(page - 1) * per : page * per]]
        return Answer(200, {"data": data, "metadata": {"total": len(found), "per": per, "page": page}})

    @route("GET", "/api/v2/cases/{case}")
    def one(self, asked: Asked, case: str) -> Answer:
        return Answer(200, {"data": self._seen(self.cases[case])}) if case in self.cases else self.unknown(asked)

    @route("POST", "/api/v2/cases")
    def create(self, asked: Asked) -> Answer:
        data = asked.json().get("data", {})
        if refused := self._refused(data, asked.path):
            return refused
        if data.get("id") in self.cases:
            return failed(409, asked.path, "Conflict")
        made = self.add(data)
        return Answer(204) if "id" in data else Answer(200, {"data": self._seen(self.cases[made])})

    @route("PATCH", "/api/v2/cases/{case}")
    def change(self, asked: Asked, case: str) -> Answer:
        if case not in self.cases:
            return self.unknown(asked)
        data = asked.json().get("data", {})
        if refused := self._refused(data, asked.path):
            return refused
        rows = data.pop("services_section", [])
        self.cases[case] |= data
        self.cases[case]["services_section"] = _merged(self.cases[case].get("services_section") or [], rows)
        self.touch(case)
        return Answer(200, {"data": self._seen(self.cases[case])})

    @route("GET", "/api/v2/cases/{case}/incidents")
    def incidents_of(self, asked: Asked, case: str) -> Answer:
        if "gbv_incident_form" in self.lost:
            return failed(403, asked.path, "Forbidden")
        closed = {SHELTER, *OF_SERVICES} if "incident_service_referrals" in self.lost else set()
        seen = [{name: one[name] for name in one if name not in closed} for one in self.incidents.get(case, [])]
        return self._hanging(asked, "incidents", seen)

    @route("GET", "/api/v2/cases/{case}/referrals")
    def referrals_of(self, asked: Asked, case: str) -> Answer:
        return self._hanging(asked, "referrals", self.referrals.get(case, []))

    @route("GET", "/api/v2/cases/{case}/transfers")
    def transfers_of(self, asked: Asked, case: str) -> Answer:
        return self._hanging(asked, "transfers", self.transfers.get(case, []))

    @route("POST", "/api/v2/cases/{case}/referrals")
    def refer_on(self, asked: Asked, case: str) -> Answer:
        """The gate of the module for gender-based violence: consent to services, or else `consent_overridden`."""
        if "refer" in self.hidden:
            return failed(403, asked.path, "Forbidden")
        data = asked.json()["data"]
        if not (self.cases[case].get("consent_for_services") or data.get("consent_overridden")):
            return failed(422, asked.path, "Invalid", detail="consent")
        made = self.refer(case, data["service_record_id"], **{"user_can_accept_or_reject": False, **data})
        return Answer(200, {"data": made})

    @route("DELETE", "/api/v2/cases/{case}/referrals/{referral}")
    def revoke(self, asked: Asked, case: str, referral: str) -> Answer:
        found = next((one for one in self.referrals.get(case, []) if one["id"] == referral), None)
        if found is None:
            return self.unknown(asked)
        data = asked.json().get("data", {}) if asked.body else {}
        if refused := self._ended_badly({**data, "status": "revoked"}, asked.path):
            return refused
        found["status"] = "revoked"
        self._end(case, found, data)
        self.touch(case)
        return Answer(200, {"data": found})

    @route("PATCH", "/api/v2/cases/{case}/referrals/{referral}")
    def answer_referral(self, asked: Asked, case: str, referral: str) -> Answer:
        (found,) = [one for one in self.referrals[case] if one["id"] == referral]
        data = asked.json()["data"]
        if refused := self._ended_badly(data, asked.path):
            return refused
        if (found["status"], data["status"]) in STEPS:
            found |= {name: value for name, value in data.items() if name in ANSWERS}
            if data["status"] == "done":
                self._end(case, found, data)
            self.touch(case)
        return Answer(200, {"data": found})

    def _end(self, case: str, referral: Record, data: Record) -> None:
        """What the end of a referral says of the service; with older servers that it was given."""
        if self.newer:
            referral["data"] = {name: value for name, value in data.items() if name not in ANSWERS}
        if self.newer or referral["status"] == "done":
            for row in self.cases[case]["services_section"]:
                if row["unique_id"] == referral["service_record_id"]:
                    row["service_implemented"] = data["service_implemented"] if self.newer else "implemented"

    def _ended_badly(self, data: Record, path: str) -> Answer | None:
        if not self.newer:
            return None
        offered = {**OFFERED, "reason_not_successful": self.reasons, "service_implemented": self.implemented}
        strange = [name for name in data if name not in ANSWERS and data[name] not in offered.get(name, ())]
        if data["status"] in {"done", "revoked"}:
            wanted = {"success_status", "service_implemented"}
            wanted |= {"reason_not_successful"} if data.get("success_status") == "not_successful" else set()
            strange += sorted(wanted - data.keys())
        return failed(422, path, "Invalid", detail=strange[0]) if strange else None

    @route("GET", "/api/v2/forms")
    def forms(self, asked: Asked) -> Answer:
        if asked.query.get("record_type") == "incident":
            fields = [_described(name, kind) for name, kind in INCIDENT.items()]
            inner = [_described(name, "select_box") for name in PERPETRATOR]
            fields.append({"name": "alleged_perpetrator", "type": "subform", "subform_section": {"fields": inner}})
            asked_of_each = [_described(SHELTER, "select_box"), *(_subform(*one) for one in OF_SERVICES.items())]
            forms = {"gbv_incident_form": fields, "incident_service_referrals": asked_of_each}
            return Answer(200, {"data": self._granted(forms)})
        forms = {form: [_described(name, kind) for name, kind in fields.items()] for form, fields in FORMS.items()}
        rows: list[Record] = [_described(name, kind) for name, kind in self.services.items()]
        forms["services"] = [{"name": "services_section", "type": "subform", "subform_section": {"fields": rows}}]
        return Answer(200, {"data": self._granted(forms)})

    @route("GET", "/api/v2/lookups")
    def lookups(self, asked: Asked) -> Answer:
        offered = {**LOOKUPS, "service-implemented": {one: {"en": one} for one in self.implemented}}
        offered["reasons-referral-failure"] = {one: {"en": one} for one in self.reasons}
        data = [
            {"unique_id": f"lookup-{name}", "values": [{"id": id_, "display_text": said} for id_, said in one.items()]}
            for name, one in offered.items()
        ]
        return Answer(200, {"data": data})

    def _granted(self, forms: Mapping[str, list[Record]]) -> list[Record]:
        return [{"unique_id": form, "fields": fields} for form, fields in forms.items() if form not in self.lost]

    def _is_granted(self, name: str) -> bool:
        if name == "services_section":
            return "services" not in self.lost
        return not any(name in fields for form, fields in FORMS.items() if form in self.lost)

    def _hanging(self, asked: Asked, what: str, data: list[Record]) -> Answer:
        return failed(403, asked.path, "Forbidden") if what in self.hidden else Answer(200, {"data": data})

    def _seen(self, case: Record) -> Record:
        seen = {name: value for name, value in case.items() if name not in self.hidden and self._is_granted(name)}
        if isinstance(rows := seen.get("services_section"), list):
            seen["services_section"] = [self._of_role(row) if isinstance(row, dict) else row for row in rows]
        return {**seen, "name": "*******"} if case.get("hidden_name") else seen

    def _of_role(self, row: Record) -> Record:
        return {name: value for name, value in row.items() if name in self.services or name == "unique_id"}

    def _refused(self, data: Mapping[str, Any], path: str) -> Answer | None:
        known = {*FIELDS, "id", "services_section", "mark_synced", "mark_synced_url", "mark_synced_status", "module_id"}
        strange = sorted(data.keys() - known)
        for row in data.get("services_section", ()):
            strange += sorted(row.keys() - self.services.keys() - {"unique_id", "_destroy"})
            strange += [name for name, offered in LOOKUPS.items() if name in row and row[name] not in offered]
            told = row.get("service_implemented", self.implemented[0])
            strange += [] if told in self.implemented else ["service_implemented"]
        strange += [name for name, offered in LOOKUPS.items() if name in data and data[name] not in offered]
        return failed(422, path, "Invalid", detail=strange[0]) if strange else None


def _described(name: str, kind: str) -> Record:
    """A field of a form."""
    source = {"service_implemented": "service-implemented"}.get(name, name if name in LOOKUPS else "")
    source = "service-referred" if name in {SHELTER, *OF_SERVICES.values()} else source
    offered = {"option_strings_source": f"lookup lookup-{source}"} if source else {}
    return {"name": name, "type": kind, "display_name": LABELS.get(name, {"en": name.replace("_", " ")}), **offered}


def _subform(name: str, question: str) -> Record:
    return {"name": name, "type": "subform", "subform_section": {"fields": [_described(question, "select_box")]}}


def _merged(rows: list[Record], told: list[Record]) -> list[Record]:
    """An element without `unique_id` is always appended."""
    merged = {str(row.get("unique_id") or uuid.uuid4()): dict(row) for row in rows}
    for row in told:
        key = str(row.get("unique_id") or uuid.uuid4())
        merged[key] = {**merged.get(key, {}), **row}
    return [row for row in merged.values() if not row.get("_destroy")]


def _between(written: str, start: str, end: str) -> bool:
    at = datetime.fromisoformat(written)
    return (not start or at >= datetime.fromisoformat(start)) and (not end or at <= datetime.fromisoformat(end))


def failed(status: int, resource: str, message: str, detail: str = "") -> Answer:
    error = {"status": status, "resource": resource, "message": [message], **({"detail": detail} if detail else {})}
    return Answer(status, {"errors": [error]})


def case(number: int, **values: Any) -> Record:
    """A case of nobody, with one service that was referred."""
    row = str(uuid.uuid5(uuid.NAMESPACE_URL, f"row-{number}"))
    written: Record = {
        "module_id": "primeromodule-gbv",
        "created_at": "2026-03-12T08:00:00.000Z",
        "name": f"Zineb El Fassi {number}",
        "hidden_name": False,
        "survivor_code_no": f"ANW-{number:04}",
        "sex": "female",
        "age": 24,
        "date_of_birth": None,
        "maritial_status": "married_cohabitating",
        "gbv_disability_type": "no",
        "consent_for_services": True,
        "date_of_referral": "2026-03-12",
        "consent_to_share_info_by_health": "true",
        "consent_to_share_health_organization": "chu-ibn-zohr",
        "consent_to_share_info_by_security": "false",
        "incident_description": "What happened stays with the association.",
        "services_section": [
            {
                "unique_id": row,
                "service_type": "health_medical_service",
                "service_response_timeframe": "1_day",
                "service_implementing_agency": "chu-ibn-zohr",
                "service_status_referred": True,
                "service_implemented": "not_implemented",
                "service_referral_notes": "Zineb El Fassi waits at the gate.",
            }
        ],
    }
    return {**written, **values}


def incident(number: int, **values: Any) -> Record:
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"incident-{number}")),
        "incident_date": "2026-03-10",
        "incident_timeofday": "evening_night",
        "incident_location_type": "client_s_home",
        "gbv_sexual_violence_type": "physical_assault",
        "incident_description": "Zineb El Fassi tells.",
        "alleged_perpetrator": [
            {
                "unique_id": "a",
                "perpetrator_relationship": "primary_caregiver",
                "perpetrator_sex": "male",
                "age_group": "26_40",
            }
        ],
        SHELTER: "referred",
        **values,
    }


def dumped(stand_in: Primero) -> str:
    return json.dumps([stand_in.cases, stand_in.referrals], sort_keys=True)
