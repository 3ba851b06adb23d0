"""A recorded answer with one place of it changed: what a tool of another version, or a broken one, might say."""

import random
from typing import Any, Final

VALUES: Final[tuple[Any, ...]] = (
    *(None, "", " ", 0, -1.5, True, [], {}, ["x"], {"a": 1}, "\ud83d", "9" * 400, 10**30),
    *("0001-01-01", "9999-12-31T23:59:59Z", "غير معروف"),
)


def changed(said: Any, chance: random.Random) -> Any:
    """One place of it, however deep, that holds something else, or is gone."""
    if isinstance(said, dict) and said and chance.random() < 0.85:
        name = chance.choice(sorted(said))
        if chance.random() < 0.15:
            return {key: value for key, value in said.items() if key != name}
        return {**said, name: changed(said[name], chance)}
    if isinstance(said, list) and said and chance.random() < 0.85:
        at = chance.randrange(len(said))
        return [*said[:at], changed(said[at], chance), *said[at + 1 :]]
    return chance.choice(VALUES)
