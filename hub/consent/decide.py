"""Why a disclosure is permitted or denied: the answer that audit, consent officers and survivors read.

Enforcement itself is in the query (`keys`); this explains it. Both read the same `Compiled` Consents: the keys its grants, this
its decision with the provisions that speak.
"""

from collections.abc import Iterable, Iterator, Sequence

from hub.consent.actors import OrganizationsUnder, alone, marks, parties
from hub.consent.belonging import OPENS_THE_NOTICE, OPENS_THE_PAYLOAD, owner
from hub.consent.compiled import Asked, Compiled, Deny, Permit
from hub.consent.facts import Facts
from hub.consent.grants import NOTICE, Grant
from hub.consent.keys import CLOSED_TO_RECIPIENTS, Granted
from hub.consent.notice import closed_by, closing
from hub.consent.provisions import PurposesUnderCode, Question
from hub.fhir import Resource
from hub.fhir.data_classes import shareable

__all__ = ["Deny", "Permit", "decide", "decide_of"]


def decide(
    question: Question,
    consents: Sequence[Resource],
    tasks: Sequence[Resource],
    under: PurposesUnderCode,
    below: OrganizationsUnder = alone,
) -> Permit | Deny:
    """Permit or Deny, with the reason, from one person's Consents and referrals of one custodian."""
    compiled = Compiled(consents, under, below)
    notice = tuple(one for one in compiled.grants(question.document) if one.data_class == NOTICE)
    return decide_of(question, Granted(compiled, notice), tasks)


def decide_of(question: Question, permitted: Granted, tasks: Sequence[Resource]) -> Permit | Deny:
    """The same from what `keys.granted` says of the custodian. `tasks`: the referrals that could open this document."""
    said = _decided(question, permitted, tasks)
    return Deny(permitted.standing.why(said.because, question), said.by) if isinstance(said, Deny) else said


def _decided(question: Question, permitted: Granted, tasks: Sequence[Resource]) -> Permit | Deny:
    mine = [task for task in tasks if owner(task) == question.recipient]
    if not mine:
        return Deny("consent.no-referral")
    if question.data_class == NOTICE:
        said = _of_the_notice(question, permitted)
        opens, closed = OPENS_THE_NOTICE, "consent.not-sent"
    else:
        said = permitted.compiled.decide(question)
        opens, closed = OPENS_THE_PAYLOAD, "consent.not-accepted"
    if isinstance(said, Permit) and not any(task["status"] in opens for task in mine):
        return Deny(closed, said.by)
    return said


def _of_the_notice(question: Question, permitted: Granted) -> Permit | Deny:
    """Open with anything, by whatever permits that, unless a Consent closes the referral itself."""
    mine = marks(question.practitioner, question.roles)
    known = [g for g in permitted.compiled.to(question.recipient, permitted.notice) if g.purpose == question.purpose]
    if not any(_is_open(grant, question) and grant.is_for(mine) for grant in known):
        return permitted.compiled.why_not(question)
    if question.document and permitted.compiled.asks_documents:
        asked = Asked(parties(question.recipient, mine), question.purpose, NOTICE, question.at)
        if closed := closed_by(closing(permitted.compiled, question.document), asked):
            return Deny("consent.refused", closed)
    return Permit(tuple(dict.fromkeys(by for said in _all(question, permitted) for by in said.by)))


def _is_open(grant: Grant, question: Question) -> bool:
    return grant.since <= question.at < grant.until


def _all(question: Question, permitted: Granted) -> Iterator[Permit]:
    """Every decision that opens anything to the one who asks."""
    documents: Iterable[Facts | None] = permitted.documents.values() or (question.document,)
    for document in documents:
        if document is None or document.type not in CLOSED_TO_RECIPIENTS:
            for name in sorted(shareable()):
                said = permitted.compiled.decide(_about(question, name, document))
                if isinstance(said, Permit):
                    yield said


def _about(question: Question, data_class: str, document: Facts | None) -> Question:
    return Question(
        question.recipient, question.purpose, data_class, question.at, question.practitioner, question.roles, document
    )
