"""Leaves as closures: from the values of a record to the JSON of one element, by each kind of source."""

import re
from collections.abc import Callable, Collection, Sequence
from hashlib import blake2b
from typing import Any, Final

from hub.mapping.cells import Run
from hub.mapping.deciding import ITEM
from hub.mapping.encode import Encode, codec
from hub.mapping.model import Values
from hub.mapping.plan import (
    Alternative,
    Branch,
    Composed,
    Constant,
    Custodian,
    Derived,
    FromColumn,
    FromDrafts,
    FromItem,
)
from hub.mapping.schema import Slot

YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

Emit = Callable[[Values, Run], Any]
"""The JSON of an element for the values of a record; None: nothing to write."""


def leaf(branch: Branch) -> Emit:
    return first([_alternative(branch, one) for one in branch.alternatives])


def _alternative(branch: Branch, one: Alternative) -> Emit:
    emit = _source(branch, one)
    return emit if one.when is None else only_when(one.when, emit)


def _source(branch: Branch, one: Alternative) -> Emit:  # noqa: PLR0911 — one return for each kind of source
    source = one.source
    if isinstance(source, Constant):
        json = source.json
        return lambda values, run: json
    if isinstance(source, Custodian):
        return lambda values, run: {"reference": f"Organization/{run.context.organization}"}
    if isinstance(source, FromDrafts):
        return _drafts(source, branch.slot.is_list)
    if isinstance(source, Composed):
        return _composed(source)
    if isinstance(source, Derived):
        return _encoded(branch.slot, lambda values: derived(source, values))
    if isinstance(source, FromItem):
        return _encoded(branch.slot, lambda values: values.get(ITEM))
    return _from_column(branch.slot, source)


def _from_column(slot: Slot, source: FromColumn) -> Emit:
    name, part, transform = source.column, source.part, source.transform

    def piece(values: Values) -> Any:
        value = values.get(name)
        return None if value is None else transform.part(value, part)

    return _encoded(slot, piece)


def _encoded(slot: Slot, get: Callable[[Values], Any]) -> Emit:
    encode = encoded(slot)

    def emit(values: Values, run: Run) -> Any:
        value = get(values)
        return None if value is None else encode(value)

    return emit


def encoded(slot: Slot) -> Encode:
    """A value as the JSON of a slot; the values of a tuple as a list, where the slot is one."""
    encode = codec(slot)[0]
    if not slot.is_list:
        return encode

    def encode_all(value: Any) -> Any:
        if type(value) is tuple:
            return [told for one in value if (told := encode(one)) is not None] or None
        return encode(value)

    return encode_all


def meant(local: str, made: Collection[str]) -> list[str]:
    """The drafts that a name means, of those that were made: itself, and of `place:{number}` every one that its block made."""
    stem, _, key = local.partition("{")
    if not key:
        return [local] if local in made else []
    return sorted(name for name in made if name.startswith(stem))


def _drafts(source: FromDrafts, is_list: bool) -> Emit:
    def all_of_them(values: Values, run: Run) -> Any:
        told = [{"reference": f"draft:{name}"} for local in source.locals for name in meant(local, run.locals)]
        run.links += told
        return told or None

    def one_of_them(values: Values, run: Run) -> Any:
        for local in source.locals:
            for name in meant(local, run.locals)[:1]:
                link = {"reference": f"draft:{name}"}
                run.links.append(link)
                return link
        return None

    return all_of_them if is_list else one_of_them


def _composed(source: Composed) -> Emit:
    def emit(values: Values, run: Run) -> Any:
        code = values.get(source.code)
        return None if code is None else compose(source, code, values.get(source.date), run.context.organization)

    return emit


def compose(source: Composed, code: str, on: Any, organization: str) -> str:
    """The code as it is unique."""
    if on is not None and not YEAR.search(code):
        code = f"{code}{source.separator}{on.value[:4]}"
    return source.prefix + (_digest(f"{organization}|{code}") if source.digest else code)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=5).hexdigest().upper()


def derived(source: Derived, values: Values) -> Any:
    return source.derivation([values.get(column) for column in source.columns], source.settings)


def first(emits: Sequence[Emit]) -> Emit:
    if len(emits) == 1:
        return emits[0]

    def first_told(values: Values, run: Run) -> Any:
        for emit in emits:
            if (told := emit(values, run)) is not None:
                return told
        return None

    return first_told


def only_when(when: Callable[[Values], bool], emit: Emit) -> Emit:
    return lambda values, run: emit(values, run) if when(values) else None
