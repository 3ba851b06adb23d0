"""How a referral has ended, in the words that newer servers demand with its end, and refuse it without.

Whether it was successful, if not why, and whether the service was given. Older servers pass over the words; one that refuses them
is asked again without.
https://github.com/primeroIMS/primero/blob/main/app/models/referral.rb
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.primero.client import Primero
from adapters.primero.forms import Field, stem

DONE: Final = "done"
GIVEN: Final = "service_implemented"
NOT_GIVEN: Final = "not_implemented"
SUCCESS: Final = "success_status"
SUCCESSFUL: Final = "successful"
UNSUCCESSFUL: Final = "not_successful"
WHY: Final = "reason_not_successful"
OTHER: Final = "other"
REASONS: Final = "lookup-reasons-referral-failure"

Asked = Mapping[str, str]


def words(primero: Primero, values: Mapping[str, str], given: Field | None) -> Asked:
    """Of follow-up `values` that say whether the service was given; else nothing. `given`: the field that tells it."""
    if not (told := values.get(GIVEN)):
        return {}
    spelt = (given.choice(told) if given else None) or told
    if told != NOT_GIVEN:
        return {SUCCESS: SUCCESSFUL, GIVEN: spelt}
    return {SUCCESS: UNSUCCESSFUL, GIVEN: spelt, WHY: _listed_reason(primero, values.get(WHY, OTHER))}


def _listed_reason(primero: Primero, wanted: str) -> str:
    """As this instance lists it."""
    listed = Field("select_box", primero.choices(REASONS))
    return listed.choice(wanted) or listed.choice(OTHER) or OTHER


def tell(ask: Callable[[Mapping[str, Any]], bool], plain: Asked, more: Asked) -> bool:
    """Whether the server takes it, with the words of newer servers or without."""
    return ask({**plain, **more}) or (bool(more) and ask(plain))


def is_unsuccessful(referral: Mapping[str, Any]) -> bool:
    """Of a referral that is done."""
    return _told(referral).get(SUCCESS) == UNSUCCESSFUL


def reason(referrals: Sequence[Mapping[str, Any]]) -> str:
    """Why the last of them was not successful; empty where it is not said."""
    said = [told[WHY] for one in referrals if isinstance((told := _told(one)).get(WHY), str)]
    return stem(said[-1]) if said else ""


def _told(referral: Mapping[str, Any]) -> Mapping[str, Any]:
    told = referral.get("data")
    return told if isinstance(told, Mapping) else {}
