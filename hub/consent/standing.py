"""How a person's Consents stand: each as it counts, by who gave it, when, and what is closed whatever it says.

What speaks against a Consent is said in its own language, so that there is one engine: the period of one that counts for a time
is cut to that time, a class that is closed is taken out of its permits, and its denies are kept apart, whole: a refusal needs
neither age nor date. A policy that a Consent answers with its root type (https://profiles.ihe.net/ITI/PCF) is a level above it,
with the classes and purposes of the deployment's file. Nothing here opens more than the Consent says, but by that file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hub.consent.capacity import Capacity, capacity, closes_caregiver
from hub.consent.narrowing import bounded, denies, has_period, names, under
from hub.consent.policies import Policies
from hub.consent.provisions import Question, in_force, recipients
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.instants import span
from hub.ports import FOREVER, LONG_AGO

CAREGIVER, SAFE_CONTACT = "caregiver", "safe-contact"
MAY_REFUSE = frozenset({"Patient", "ServiceRequest"})
_TOLD_NOT_TO = profile("do-not-contact")
_PROHIBITED = (code_system("order-detail"), "contacting-subject-prohibited")
LESS_EXACT = frozenset({"consent.none", "consent.expired", "consent.class"})


@dataclass(frozen=True)
class Remark:
    """Why a Consent opens nothing, or from `since` on no longer: `reason`, a key of the text catalogue."""

    reason: str
    since: datetime
    recipients: frozenset[str]


@dataclass(frozen=True)
class Standing:
    """`consents`: as they count. `closed`: data class → why, a key of the text catalogue. `remarks`: by the Consent's id.
    `taken`: the data classes that the permits of a Consent do not open whatever they say, by its id."""

    consents: tuple[Resource, ...]
    closed: Mapping[str, str]
    remarks: Mapping[str, Remark]
    taken: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refusal: datetime | None = None

    def stays_with(self, need: Resource) -> bool:
        """Whether it stands as it does when this need comes to what her keeper keeps of her: it could only refuse contact."""
        said = _refused_in(need)
        return said is None or (self.refusal is not None and said <= self.refusal)

    def why(self, denied: str, question: Question) -> str:
        """The reason that the engine gives, or a more exact one where it is something here that denies."""
        if denied not in LESS_EXACT:
            return denied
        mine = (
            one for one in self.remarks.values() if question.recipient in one.recipients and one.since <= question.at
        )
        reason = next((one.reason for one in mine), denied)
        return self.closed.get(question.data_class, reason) if denied == "consent.class" else reason


def stand(documents: Iterable[Resource], policies: Policies) -> Standing:
    """`documents`: all that one organisation keeps of one person."""
    documents = list(documents)
    consents = [one for one in documents if one["resourceType"] == "Consent"]
    if not any(map(in_force, consents)):
        return Standing(tuple(consents), {}, {})
    refusal = _refusal(documents)
    closes = _closed(documents, refusal, policies)
    counted: list[Resource] = []
    remarks: dict[str, Remark] = {}
    taken: dict[str, frozenset[str]] = {}
    for consent in consents:
        lifted = {SAFE_CONTACT} if refusal and _lifts(consent, refusal) else set()
        closed_to_it = frozenset(closes) - lifted
        able = _capacity(consent, documents, policies) if in_force(consent) else None
        taken[consent.get("id", "")] = closed_to_it
        counted += _as_it_counts(consent, able, closed_to_it, policies) if able else [consent]
        if able and able.reason:
            remarks[consent.get("id", "")] = _remark(consent, able)
    return Standing(tuple(counted), closes, remarks, taken, refusal)


def remark(consent: Resource, documents: list[Resource], policies: Policies) -> Remark | None:
    """Why this one in force opens nothing, or from some time on no longer, by who gave it."""
    able = _capacity(consent, documents, policies) if in_force(consent) else None
    return _remark(consent, able) if able and able.reason else None


def _remark(consent: Resource, able: Capacity) -> Remark:
    return Remark(able.reason, able.until or LONG_AGO, recipients(consent["provision"]))


def closed(documents: Iterable[Resource], policies: Policies) -> dict[str, str]:
    """The data classes of one organisation's records of her that are closed to others whatever is permitted, and why."""
    documents = list(documents)
    return _closed(documents, _refusal(documents), policies)


def _closed(documents: list[Resource], refusal: datetime | None, policies: Policies) -> dict[str, str]:
    closes = {
        CAREGIVER: closes_caregiver(documents, policies),
        SAFE_CONTACT: "consent.contact-refused" if refusal else "",
    }
    return {name: why for name, why in closes.items() if why}


def as_said(consents: Iterable[Resource], policies: Policies) -> Iterator[Resource]:
    """The Consents by their words and policies alone, whoever gave them: what they may have opened, never less."""
    for consent in consents:
        yield consent
        yield from ({**consent, "provision": one} for one in _answered(consent, frozenset(), policies))


def _capacity(consent: Resource, documents: list[Resource], policies: Policies) -> Capacity:
    if "dateTime" not in consent:
        return Capacity(None, "consent.undated")
    able = capacity(consent, documents, policies)
    if able.until and policies.lasts and not has_period(consent["provision"]):
        ends = min(span(consent["dateTime"])[1] + policies.lasts, FOREVER)
        return Capacity(ends, "consent.lasted") if ends < able.until else able
    return able


def _as_it_counts(consent: Resource, able: Capacity, closed: frozenset[str], policies: Policies) -> Iterator[Resource]:
    root, until = consent["provision"], able.until or LONG_AGO
    if able.until:
        given = span(consent["dateTime"])[0]
        for one in (root, *_answered(consent, closed, policies)):
            yield {**consent, "provision": bounded(one, given, until)}
    if until < FOREVER and (said := denies(root)):
        yield {**consent, "provision": bounded(said, until, FOREVER)}


def _answered(consent: Resource, closed: frozenset[str], policies: Policies) -> Iterator[Resource]:
    """The policies whose words this deployment has written down, where the Consent agrees to them and names no class itself."""
    root = consent["provision"]
    if root.get("type") != "permit" or "class" in root:
        return
    for policy in (policies.answered.get(named.get("uri", "")) for named in consent.get("policy", ())):
        if policy and policy.classes - closed:
            yield under(root, policy.classes - closed, policy.purposes)


# --- refusal of contact ----------------------------------------------------------------------------------------------


def _refusal(documents: Iterable[Resource]) -> datetime | None:
    """Until when she may have refused to be contacted: FOREVER where the refusal bears no date; None where there is none."""
    found = [at for one in documents if one["resourceType"] in MAY_REFUSE and (at := _refused_in(one))]
    return max(found, default=None)


def _refused_in(resource: Resource) -> datetime | None:
    if resource["resourceType"] == "Patient":
        told = any(one.get("url") == _TOLD_NOT_TO and one.get("valueBoolean") for one in resource.get("extension", ()))
        return FOREVER if told else None
    if resource["resourceType"] != "ServiceRequest" or resource.get("status") == "entered-in-error":
        return None
    details = (coding for detail in resource.get("orderDetail", ()) for coding in detail.get("coding", ()))
    if any((coding.get("system"), coding.get("code")) == _PROHIBITED for coding in details):
        return span(resource["authoredOn"])[1] if "authoredOn" in resource else FOREVER
    return None


def _lifts(consent: Resource, refusal: datetime) -> bool:
    """Only what she said certainly after the refusal, in so many words."""
    return (
        "dateTime" in consent and span(consent["dateTime"])[0] >= refusal and names(consent["provision"], SAFE_CONTACT)
    )
