"""Everything is killed at random moments while clients work on referrals and subscribers are as often away as they listen: what was
acknowledged is there once, and whoever may know was told of it.

https://microservices.io/patterns/data/transactional-outbox.html
"""

import logging
import os
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.support.budget import examples
from tests.support.ordeal import TABLE, Plan, table, undergo
from tests.support.rig import MANY, TARGETS

log = logging.getLogger(__name__)

SEED: Final = int(os.environ.get("IHALA_FAULTS_SEED", "1"))
ROUND: Final = examples(TARGETS, MANY)
ROUNDS: Final = examples(1, 10)


@pytest.mark.timeout(1500 if ROUNDS == 1 else 3000)
def test_what_was_acknowledged_is_there_once_and_told_to_all_who_may_know_it(tmp_path: Path) -> None:
    chance = Random(SEED)
    kills = [target for _ in range(ROUNDS) for target in chance.sample(ROUND, len(ROUND))]
    ordeal = undergo(tmp_path, Plan(kills, SEED))
    told = table(ordeal)
    (tmp_path / TABLE).write_text(told, "utf-8")
    log.warning("%s", told)
    tally = ordeal.tally
    assert tally.wrong == [], f"seed {SEED}"
    assert tally.lost == 0
    assert tally.unexplained <= ordeal.under_way, "no more comes twice than was under way"
    assert ordeal.journal.answers["acknowledged"] > 5 * len(kills)
    assert tally.received > 5 * len(kills)
