"""The minimal notice of a referral: open to whoever holds anything for that purpose, unless a Consent closes the referral itself.

It has no permit of its own. Where Consents speak of some documents only, anything of any document opens it; a deny closes it
that speaks of the referral as a document: by its type, its code, its time, its reference or a label written on it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from hub.consent.actors import NONE, Names, parties, profiles
from hub.consent.compiled import Asked, Compiled, say
from hub.consent.conditions import Labelled
from hub.consent.facts import Facts
from hub.consent.grants import NOTICE, Grant, Rule, notices
from hub.consent.provisions import Provision


def of_any(compiled: Compiled, documents: Iterable[Facts]) -> tuple[Grant, ...]:
    """Who may be told of a referral: whoever may see anything of one of these documents."""
    found = dict.fromkeys(grant for one in documents for grant in compiled.grants(one) if grant.data_class != NOTICE)
    return tuple(notices(found))


def opening(notice: Iterable[Grant], compiled: Compiled, referral: Facts) -> tuple[Grant, ...]:
    """What is left of it for one referral."""
    rules = closing(compiled, referral)
    if not rules:
        return tuple(notice)
    levels = [level for rule in rules for level in rule.provision.levels()]
    bounds = sorted({bound for level in levels for bound in (level.since, level.until)})
    named = NONE.union(*(level.parties for level in levels))
    return tuple(left for grant in notice for left in _left(grant, rules, named, bounds))


def lasting(notice: Iterable[Grant], compiled: Compiled, referral: Facts) -> tuple[Grant, ...]:
    """What is left of it for every version of one referral: all, where nothing could close one of them."""
    could_close = _closing(compiled, compiled.lasting_rules(referral), is_marked=True)
    return () if could_close else tuple(notice)


def _left(grant: Grant, rules: tuple[Rule, ...], named: Names, bounds: list[datetime]) -> Iterator[Grant]:
    within = [bound for bound in bounds if grant.since < bound < grant.until]
    people = [(grant.who | who, grant.unless | unless) for who, unless in profiles(grant.recipient, named)]
    possible = [(who, unless) for who, unless in people if who.isdisjoint(unless)]
    for since, until in pairwise([grant.since, *within, grant.until]):
        asked = [(one, Asked(parties(grant.recipient, one[0]), grant.purpose, NOTICE, since)) for one in possible]
        open_to = [one for one, question in asked if not closed_by(rules, question)]
        if len(open_to) == len(possible):
            yield replace(grant, since=since, until=until)
        else:
            yield from (replace(grant, since=since, until=until, who=who, unless=unless) for who, unless in open_to)


def closed_by(rules: tuple[Rule, ...], asked: Asked) -> tuple[str, ...]:
    """The provisions that close a referral to who asks."""
    found = ((rule.reference, say(rule.provision, asked, sure=True)) for rule in rules)
    return tuple(f"{reference}#{level.path}" for reference, (permits, level) in found if level and not permits)


def closing(compiled: Compiled, referral: Facts) -> tuple[Rule, ...]:
    """The Consents as far as they speak of the referral as a document; none where no deny does."""
    return _closing(compiled, compiled.rules(referral), is_marked=referral.marked is not None)


def _closing(compiled: Compiled, settled: tuple[Rule, ...], *, is_marked: bool) -> tuple[Rule, ...]:
    rules = tuple(
        replace(rule, provision=_of_itself(asking.provision, rule.provision, is_marked))
        for asking, rule in zip(compiled.unsettled, settled, strict=True)
    )
    return tuple(rule for rule in rules if any(level.type == "deny" for level in rule.provision.levels()))


def _of_itself(asking: Provision, settled: Provision, is_marked: bool) -> Provision:
    """A deny that asks nothing of a document says nothing of a referral, nor does one by the label of a data class alone."""
    asked = [one for one in asking.about if is_marked or not isinstance(one, Labelled)]
    below = zip(asking.exceptions, settled.exceptions, strict=True)
    return replace(
        settled,
        type=None if settled.type == "deny" and not asked else settled.type,
        exceptions=tuple(_of_itself(one, other, is_marked) for one, other in below),
    )
