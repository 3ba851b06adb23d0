"""Each parameter of each type that an order can be asked by, in both directions, alone and after another: against a naive reading.

https://hl7.org/fhir/R4/search.html#sort. Of several values the first in the direction counts; what has none comes last; where two are
equal the id decides, so that pages are complete.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest

from hub.fhir import Resource
from hub.ports import Changes, Save
from hub.search import is_sealed, parse
from hub.search.parameters import EVERYWHERE, PARAMETERS, Parameter
from hub.search.parsing import is_sortable
from hub.store import MongoStore
from tests.support import naive
from tests.support.acts import NOW, opened, sees
from tests.support.grown import grown

MADE: Final = 7
OF_ALL: Final = ("_tag", "_security", "_source", "_id", "_lastUpdated")


@pytest.fixture(scope="module")
def emptied(mongodb_uri: str) -> Iterator[MongoStore]:
    with MongoStore.open(mongodb_uri, f"orders_{os.getpid()}", now=lambda: NOW) as store:
        yield store
        store.database.client.drop_database(store.database.name)


def _amount(parameter: Parameter) -> Callable[[Resource, bool], Any]:
    """Of a quantity that is less than so much there is no lower end."""

    def key(resource: Resource, descending: bool) -> Any:
        found = naive.nodes(resource, parameter.expression)
        ends = [one if isinstance(one, int | float) else _lower(one) for one in found]
        return (max if descending else min)(ends) if ends else None

    return key


def _lower(quantity: Resource) -> float:
    below = str(quantity.get("comparator", "")).startswith("<")
    return float("-inf") if below else float(quantity["value"])


def _of_meta(name: str) -> Callable[[Resource, bool], Any]:
    def key(resource: Resource, descending: bool) -> Any:
        meta = resource.get("meta", {})
        found = [meta[name[1:]]] if name == "_source" and "source" in meta else [
            one["code"] for one in meta.get(name[1:], ())
        ]  # fmt: skip
        return (max if descending else min)(found) if found else None

    return key


def _keys(type_: str) -> dict[str, Callable[[Resource, bool], Any]]:
    found: dict[str, Callable[[Resource, bool], Any]] = {
        "_tag": _of_meta("_tag"),
        "_security": _of_meta("_security"),
        "_source": _of_meta("_source"),
        "_id": lambda one, _: one["id"],
        "_lastUpdated": lambda _, __: NOW,  # all were written at one instant
    }
    for parameter in PARAMETERS[type_].values():
        if is_sortable(type_, parameter.name) and not is_sealed(type_, parameter.name):
            of = _amount if parameter.type in {"number", "quantity"} else naive.sort_key
            found[parameter.name] = of(parameter)
    return found


def _pages(store: MongoStore, type_: str, sort: str) -> list[str]:
    query, ignored = parse(type_, [("_sort", sort), ("_count", "4")], strict=True)
    assert not ignored
    found: list[str] = []
    after: str | None = None
    while True:
        page = store.search(replace(query, after=after), sees("a"))
        assert page.total == MADE
        found += [one.id for one in page.page]
        after = page.after
        if after is None:
            return found


@pytest.mark.parametrize("type_", PARAMETERS)
def test_what_is_found_comes_in_the_order_of_each_parameter_in_either_direction(
    emptied: MongoStore, type_: str
) -> None:
    chance = Random(type_)
    ids = {name: [f"{name[:3].lower()}{number}" for number in range(MADE)] for name in PARAMETERS}
    made = [grown(type_, id_, chance, ids) for id_ in ids[type_]]
    emptied.commit(Changes(saves=[Save(one, type_, "keeper", opened("a")) for one in made], persons={type_: 0}))
    keys = _keys(type_)
    for name, key in keys.items():
        for down in (False, True):
            second, other = chance.choice(sorted(keys.items())), chance.random() < 0.5
            for more in ([], [second]) if second[0] != name else ([],):
                by = [naive.By(key, down), *(naive.By(each, other) for _, each in more)]
                ways = [(name, down), *((each, other) for each, _ in more)]
                sort = ",".join(f"{'-' if way else ''}{one}" for one, way in ways)
                expected = naive.ordered(made, by, ids_descending=ways[-1][1])
                assert _pages(emptied, type_, sort) == expected, (type_, sort, made)
    assert set(OF_ALL) <= set(keys) <= {*EVERYWHERE, *PARAMETERS[type_]}
