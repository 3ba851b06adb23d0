"""What two columns of one table say of each other: "id" beside "num_dossier", and two halves of a name."""

from typing import Final

from hub.mapping.scaffold.names import EXACT, Near
from hub.mapping.scaffold.values import Fit

NAMES: Final = frozenset({"full_name", "given_name", "family_name"})
NAMED: Final = 0.9  # from which a column is called so
CALLED: Final = 0.42  # below which its name says nothing of what a column is

Claim = tuple[float, Near, Fit]


def yield_to_plainer(found: dict[int, list[Claim]]) -> None:
    """What is called by a word that says little ("id") is not what another column is called in full ("num_dossier"), unless
    more of its cells are read."""
    full = {
        near.column: (at, said.share or 0.0)
        for at, claims in found.items()
        for _, near, said in claims
        if near.whole and not near.vague and not near.cut and near.score >= NAMED and not said.contradicts
    }
    for at, claims in found.items():
        found[at] = [
            (score, near, said)
            for score, near, said in claims
            if not (near.vague and _is_word(near.name))
            or full.get(near.column, (at,))[0] == at
            or (said.share or 0.0) > full[near.column][1]
        ]


def yield_to_called(found: dict[int, list[Claim]]) -> None:
    """What only its cells speak for is not what another column is called in full, however few of the cells of that are read."""
    called = {
        near.column: at for at, claims in found.items() for _, near, _ in claims if near.whole and near.score >= NAMED
    }
    for at, claims in found.items():
        found[at] = [one for one in claims if one[1].score >= CALLED or called.get(one[1].column, at) == at]


def is_in_full(near: Near) -> bool:
    """Whether it is called so by more than one word."""
    return near.whole and not near.cut and not near.vague and not _is_word(near.name)


def _is_word(name: str) -> bool:
    return len(name.split()) == 1


def part(found: dict[int, list[Claim]]) -> None:
    """Where the given name stands in a column of its own, the other is the family name; else "name" is the whole name.
    What is called by the word for a given name alone is that."""
    named = {at: {near.column for _, near, _ in claims if near.score >= NAMED} for at, claims in found.items()}
    family = {at for at, columns in named.items() if "family_name" in columns}
    given = {at for at, columns in named.items() if "given_name" in columns} - family
    for at, claims in found.items():
        alone = at in given and any(near.column == "given_name" and near.score >= EXACT for _, near, _ in claims)
        apart = alone or (given and family and at in given | family)
        meant = "full_name" if not apart else "given_name" if at in given else "family_name"
        found[at] = [
            (score, near._replace(whole=near.whole or bool(apart and near.column == meant)), said)
            for score, near, said in claims
            if near.column == meant or near.column not in NAMES
        ]
