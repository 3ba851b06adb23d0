"""Which of a period's referrals may be told one by one, and what of each: as rows of which nobody is alone in hers. Pure.

All referrals are told or none, so that no rest can be worked out. What is said of them, a service, an age, is wanted in an order.
It is told from the first on, as long as every combination that occurs does so at least twice as often as the smallest number that
is told. Twice: from what is not told either, who knows this rule and the sums beside it cannot conclude that anything is small.
See the handbook on statistical disclosure control, https://ec.europa.eu/eurostat/cros/content/handbook-statistical-disclosure-control_en
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Final

from hub.ports import Row, Rows
from hub.referral.counting import Case
from hub.referral.courses import UNSAID

GROUP: Final = "group"
"""How a referral ended, by the groups of the report."""

ENDED: Final[Mapping[str, str]] = {"completed": "referrals-completed", "rejected": "referrals-refused"}
TRAITS: Final = frozenset({"service", "area", "violence-type", "age-band", GROUP})
"""What may be said of one referral. Outcome and reason may not: beside the sums of the groups they tell of the rest."""


def rows(cases: Iterable[Case], wanted: Sequence[str], smallest: int) -> Rows:
    """With as much of `wanted`, from the first on, as may be told; `held`: the rest."""
    cases = list(cases)
    if not cases:
        return Rows(())
    if len(cases) < smallest:
        return Rows((), tuple(wanted))
    told = _told(cases, list(takewhile(TRAITS.__contains__, wanted)), 2 * smallest)
    alike = sorted(_alike(cases, told).items())
    return Rows(tuple(_row(told, said, number) for said, number in alike), tuple(wanted[len(told) :]))


def _told(cases: Sequence[Case], wanted: Sequence[str], least: int) -> Sequence[str]:
    lengths = range(len(wanted), 0, -1)
    return next((wanted[:one] for one in lengths if min(_alike(cases, wanted[:one]).values()) >= least), ())


def _alike(cases: Sequence[Case], names: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(_said(one, name) for name in names) for one in cases)


def _row(names: Sequence[str], said: Sequence[str], number: int) -> Row:
    return Row({name: code for name, code in zip(names, said, strict=True) if code != UNSAID}, number)


def _said(case: Case, name: str) -> str:
    return ENDED.get(case.status, UNSAID) if name == GROUP else case.said.get(name, UNSAID)
