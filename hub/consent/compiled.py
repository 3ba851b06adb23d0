"""One person's Consents of one custodian, read once: asked for grants by whoever keeps keys, for a decision by whoever explains.

What does not depend on documents is computed once for all of them; what does, once for all documents that answer alike.
`decide` asks the provisions one by one and so can name those that speak; that it says what the grants say is a test
(`tests/hub/consent/test_consent_documents.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from hub.consent.actors import ANYWHERE, NONE, Names, OrganizationsUnder, alone, marks, organization_of, parties
from hub.consent.conditions import Outcome, unknown
from hub.consent.facts import Facts
from hub.consent.grants import Grant, Rule, granted_by, rules_of
from hub.consent.provisions import Provision, PurposesUnderCode, Question, answers, asks
from hub.fhir import Resource
from hub.fhir.data_classes import shareable

_Here = dict[tuple[str, str], list[Grant]]
"""What an organisation is granted, by purpose and data class."""
Answers = tuple[Outcome, ...]
"""What documents answer to all that these Consents ask of them."""


@dataclass(frozen=True)
class Permit:
    """`by`: the provisions that permit, as `Consent/…#provision.provision[1]`."""

    by: tuple[str, ...]

    @property
    def because(self) -> tuple[str, ...]:
        """The Consents that permit."""
        return consents_of(self.by)


@dataclass(frozen=True)
class Deny:
    """`because`: a key of the text catalogue. `by`: the provisions that deny; where none does, those that permit this recipient
    something else."""

    because: str
    by: tuple[str, ...] = ()


def consents_of(by: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.partition("#")[0] for one in by))


@dataclass(frozen=True)
class Asked:
    """One question to one provision. `parties`: everything by which who asks can be named."""

    parties: Names
    purpose: str
    data_class: str
    at: datetime


class Compiled:
    """`below`: an organisation and all that stand below it. `taken`: the data classes that the permits of a Consent do not
    open whatever they say, by its id."""

    def __init__(
        self,
        consents: Iterable[Resource],
        purposes_under: PurposesUnderCode,
        below: OrganizationsUnder = alone,
        taken: Mapping[str, Names] | None = None,
    ) -> None:
        self._consents = list(consents)
        self._purposes_under, self._below = purposes_under, below
        self._rules = rules_of(self._consents, purposes_under, below, taken or {})
        self._conditions = asks(rule.provision for rule in self._rules)
        self._answered: dict[Facts | None, Answers] = {}
        self._settled: dict[Answers, tuple[Rule, ...]] = {}
        self._grants: dict[Answers, tuple[Grant, ...]] = {}
        self._here: dict[tuple[Answers, str], _Here] = {}
        self._naming: dict[Names, tuple[str, ...]] = {}

    @property
    def asks_documents(self) -> bool:
        """Whether anything depends on which document is asked for."""
        return bool(self._conditions)

    @cached_property
    def bounds(self) -> frozenset[datetime]:
        """The instants at which anything can begin or end by itself."""
        levels = (level for rule in self._rules for level in rule.provision.levels())
        return frozenset(bound for level in levels for bound in (level.since, level.until))

    def answers(self, document: Facts | None) -> Answers:
        if not self._conditions:
            return ()
        if document not in self._answered:
            self._answered[document] = tuple(answers(self._conditions, document).values())
        return self._answered[document]

    def grants(self, document: Facts | None = None) -> tuple[Grant, ...]:
        """What is permitted of a document; without one, of all whatever they may be."""
        return self._granted(self.answers(document))

    def lasting(self, document: Facts) -> tuple[Grant, ...]:
        """What is permitted of every version of a document, whatever others than this one say."""
        return self._granted(self._of_every_version(document))

    def _of_every_version(self, document: Facts) -> Answers:
        known = zip(self._conditions, self.answers(document), strict=True)
        return tuple(answer if condition.lasts else unknown() for condition, answer in known)

    def _granted(self, answered: Answers) -> tuple[Grant, ...]:
        if answered not in self._grants:
            self._grants[answered] = granted_by(self._rules_for(answered))
        return self._grants[answered]

    @property
    def unsettled(self) -> tuple[Rule, ...]:
        """The provisions with all that they ask of documents."""
        return self._rules

    def rules(self, document: Facts) -> tuple[Rule, ...]:
        """The provisions as they are for this document."""
        return self._rules_for(self.answers(document))

    def lasting_rules(self, document: Facts) -> tuple[Rule, ...]:
        """The provisions as they could be for some version of this document."""
        return self._rules_for(self._of_every_version(document))

    def _rules_for(self, answered: Answers) -> tuple[Rule, ...]:
        if not answered:
            return self._rules
        if answered not in self._settled:
            known = dict(zip(self._conditions, answered, strict=True))
            self._settled[answered] = tuple(
                replace(rule, provision=rule.provision.settled(known)) for rule in self._rules
            )
        return self._settled[answered]

    def decide(self, question: Question) -> Permit | Deny:
        """What these Consents say, with the provisions that say so. The notice is not theirs to say: see `decide.decide`."""
        who = parties(question.recipient, marks(question.practitioner, question.roles))
        asked = Asked(who, question.purpose, question.data_class, question.at)
        permits: list[str] = []
        denies: list[str] = []
        for rule in self._rules_for(self.answers(question.document)):
            verdict, level = say(rule.provision, asked, sure=True)
            if level is not None:
                (permits if verdict else denies).append(f"{rule.reference}#{level.path}")
        if denies:
            return Deny("consent.refused", tuple(denies))
        if permits and question.data_class in shareable():
            return Permit(tuple(permits))
        return self.why_not(question)

    # --- why not -----------------------------------------------------------------------------------------------------

    def why_not(self, question: Question) -> Deny:
        """Why nothing permits it, where nothing denies it either."""
        who = parties(question.recipient, marks(question.practitioner, question.roles))
        here = self._opened(question.recipient, self.answers(question.document))
        if asked := here.get((question.purpose, question.data_class)):
            return Deny(_not_now(question, asked), self._permitting(who))
        if any(one.speaks_of(who, question.purpose, question.at) and question.data_class in one.possible
               for one in self._asking):  # fmt: skip
            return Deny("consent.document", self._permitting(who))
        if here:
            other = all(purpose != question.purpose for purpose, _ in here)
            return Deny("consent.purpose" if other else "consent.class", self._permitting(who))
        if self._before and self._before.to(question.recipient, self._before.grants(question.document)):
            return Deny("consent.withdrawn", self._before._permitting(who))
        return Deny("consent.none", self._permitting(who))

    def _opened(self, organization: str, answered: Answers) -> "_Here":
        if (answered, organization) not in self._here:
            found: dict[tuple[str, str], list[Grant]] = {}
            for grant in self.to(organization, self._granted(answered)):
                found.setdefault((grant.purpose, grant.data_class), []).append(grant)
            self._here[answered, organization] = found
        return self._here[answered, organization]

    @cached_property
    def _asking(self) -> tuple[Provision, ...]:
        """The permits that would cover other documents."""
        levels = (level for rule in self._rules for level in rule.provision.levels())
        return tuple(one for one in levels if one.type == "permit" and (one.about or one.about_own))

    @cached_property
    def _before(self) -> "Compiled | None":
        """What was permitted before it was withdrawn."""
        ended = [{**one, "status": "active"} for one in self._consents if one["status"] == "inactive"]
        return Compiled(ended, self._purposes_under, self._below) if ended else None

    @cached_property
    def _permits(self) -> tuple[tuple[str, Names], ...]:
        """Every permit with the parties that it, or the nearest level above, names."""
        return tuple(found for rule in self._rules for found in _permits(rule.provision, rule.reference, NONE))

    def _permitting(self, who: Names) -> tuple[str, ...]:
        if who not in self._naming:
            self._naming[who] = tuple(by for by, named in self._permits if not named.isdisjoint(who))
        return self._naming[who]

    @cached_property
    def _named(self) -> Names:
        levels = (level for rule in self._rules for level in rule.provision.levels())
        return frozenset(organization_of(party) for level in levels for party in level.parties)

    def to(self, organization: str, grants: Iterable[Grant]) -> tuple[Grant, ...]:
        """Those of these grants that are an organisation's: its own; where nothing is said of it by name, those of all."""
        recipient = organization if organization in self._named else ANYWHERE
        found = (grant for grant in grants if grant.recipient == recipient)
        return tuple(found if recipient == organization else (replace(one, recipient=organization) for one in found))


def _not_now(question: Question, granted: Sequence[Grant]) -> str:
    mine = marks(question.practitioner, question.roles)
    for_her = [g for g in granted if g.is_for(mine)]
    if not for_her:
        return "consent.person"
    return "consent.expired" if all(g.until <= question.at for g in for_her) else "consent.not-yet"


def _permits(provision: Provision, reference: str, above: Names) -> Iterator[tuple[str, Names]]:
    named = provision.parties or above
    if provision.type == "permit":
        yield f"{reference}#{provision.path}", named
    for exception in provision.exceptions:
        yield from _permits(exception, reference, named)


_Said = tuple[bool, Provision | None]
_SILENT: _Said = (False, None)


def say(provision: Provision, asked: Asked, *, sure: bool) -> _Said:
    """Whether a provision permits (True) or denies one data class, and which level says so; None where it says nothing.

    The same rule as `provisions.verdicts`, for one data class.
    """
    speaks = provision.speaks_of(asked.parties, asked.purpose, asked.at)
    if speaks is False or asked.data_class not in provision.possible:
        return _SILENT
    sure = sure and speaks is True and asked.data_class in provision.sure
    permitting: Provision | None = None
    for exception in provision.exceptions:
        permits, level = say(exception, asked, sure=sure)
        if level is not None and not permits:
            return False, level
        permitting = permitting or level
    if permitting:
        return True, permitting
    if provision.type == "deny":
        return False, provision
    return (True, provision) if sure and _may_open(provision, asked.data_class) else _SILENT


def _may_open(provision: Provision, data_class: str) -> bool:
    return (
        provision.type == "permit"
        and provision.may_permit
        and (provision.own is None or data_class in provision.own[0])
        and (provision.opens is None or data_class in provision.opens)
    )
