"""Mistakes that were made on purpose are noticed: an ordeal that finds nothing wrong says something."""

import os
from pathlib import Path
from typing import Final

import pytest

from tests.support.ordeal import Ordeal, Plan, table, undergo

PLANS: Final = (
    Plan(("worker",) * 4, 2, "row-outside-the-transaction", leaving=0, hour=False, moody=False),
    Plan(("pause",) * 3, 3, "no-fence", leaving=0, hour=False, moody=False, takes_s=0.1),
    Plan(("delivery",) * 2, 4, "lease-without-end", leaving=0, hour=False, moody=False, takes_s=0.3, drains_s=15),
)


def notices(ordeal: Ordeal, mistake: str) -> bool:
    wrong = " ".join(ordeal.tally.wrong)
    return {
        "row-outside-the-transaction": "there is no row of it" in wrong,
        "no-fence": ordeal.tally.unexplained > ordeal.under_way,
        "lease-without-end": "still wait" in wrong,
    }[mistake]


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("IHALA_DEEP"), reason="four hubs that are killed for a minute each: make deep")
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.mistake)
def test_a_mistake_is_noticed(tmp_path: Path, plan: Plan) -> None:
    ordeal = undergo(tmp_path, plan)
    assert notices(ordeal, plan.mistake), table(ordeal)
