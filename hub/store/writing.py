"""One act's changes as bulk writes, a few for each collection, all inside one transaction.

What can be computed is computed before the transaction begins, so that a retry only writes. Every `_id` is chosen here.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import orjson
from pymongo import DeleteMany, UpdateMany

from hub.errors import INVALID, TOO_LARGE, HubError
from hub.ports import Changes, Save
from hub.store import aside, figures, forms, outbox
from hub.store.chains import AUDIT, contents_of
from hub.store.discarding import listing, marking
from hub.store.documents import Sealer, document, event_document, keys_document
from hub.store.erasure import Erasure, erased_revision
from hub.store.records import Box, ledger_document, outbox_document, quarantine_document
from hub.store.schema import NOT_COMPARTMENT, Document
from hub.store.sealing import DataKey, Seal
from hub.store.statements import upserts
from hub.store.tokens import token_document
from hub.store.vault import PERSON, Vault, Wrapping

Writes = Sequence[UpdateMany | DeleteMany]
Updates = list[Document]
"""As the command has them: `q` finds one document, `u` is what becomes of it."""

FIRST_REVISION: Final = 1
GUARDED: Final = timedelta(days=1)
LARGEST: Final = (
    5_300_000  # bytes of JSON; search fields repeat values at most twice, and MongoDB ends at 16 MB a document
)


_PLAIN: Final = frozenset({"events", "contents", "keys", "revised", "begun", "outbox", "inserted", "rekeyed", "alive"})


class Plan:
    """Everything to write, ready for the database."""

    def __init__(self, changes: Changes, at: datetime, vault: Vault, box: Box) -> None:
        sealer, box = _Sealer(vault, at, changes.persons), box.of_one_act()
        _require_revisions(changes)
        _require_append_only(changes)
        self.inserted: dict[str, list[Document]] = defaultdict(list)
        self.replaced: dict[str, list[Document]] = defaultdict(list)
        self.events: list[Document] = []
        written: list[Any] = []
        for save in changes.saves:
            if save.type == AUDIT:
                event, canonical = _event(save, at, sealer)
                self.events.append(event)
                written.append(canonical)
                continue
            kind = self.inserted if save.replaces is None else self.replaced
            kind[save.type].append(_document(save, at, sealer))
        self.keys = sealer.made
        self.rekeyed: dict[str, Updates] = defaultdict(list)
        for rekey in changes.rekeys:
            rekeyed = {"$set": {"k": keys_document(rekey.keys)}}
            self.rekeyed[rekey.type].append({"q": {"_id": rekey.id}, "u": rekeyed})
        self.contents = contents_of(self.events, written)
        self.revised, self.begun = _revisions(changes, at)
        self.erasures = [Erasure.of(person, references, at) for person, references in changes.erased.items()]
        self.ledger = {entry.key: ledger_document(entry, box) for entry in changes.ledger}
        self.identities = changes.identities
        self.guards = [_moved_on(name, known, at) for name, known in changes.guards.items() if known]
        self.guarded = [_guarded(name, at) for name, known in changes.guards.items() if not known]
        self.quarantine = aside.keeping(quarantine_document(entry, box) for entry in changes.quarantine)
        self.discards, self.discarded = marking(changes.discards), listing(changes.discards)
        self.released: Writes = [DeleteMany({"_id": {"$in": list(changes.released)}})] if changes.released else []
        versions = _versions(changes, at)
        order = time.time_ns()  # rows of one reference are written by acts that follow each other
        self.outbox = [
            outbox_document(due, due.id or _row_id(order + place), order + place, box) | versions.get(due.reference, {})
            for place, due in enumerate(changes.outbox)
        ]
        self.voids: Writes = outbox.voiding(changes.voids)
        self.watermark = (
            upserts([{"_id": changes.watermark[0], "value": box.seal(changes.watermark[1].value)}])
            if changes.watermark
            else []
        )
        self.entries = {name: version for one in changes.follows.values() for name, version in one.items()}
        self.followed = changes.followed
        self.tokens = [token_document(token) for token in changes.tokens]
        self.alive = sorted(changes.alive)
        self.ended: Writes = [DeleteMany({"_id": hash_, "client": client}) for hash_, client in changes.ended]

    @property
    def is_plain(self) -> bool:
        """Whether it only adds, to persons who are as they were read, and reads nothing."""
        parts = vars(self)
        return not any(parts[name] for name in parts.keys() - _PLAIN)

    @property
    def types(self) -> set[str]:
        return {*self.inserted, *self.replaced, *self.rekeyed, *([AUDIT] if self.events else ())}


class _Sealer:
    """The keys of the persons of one act. Those that have none get one, committed with the act."""

    def __init__(self, vault: Vault, at: datetime, persons: Mapping[str, int]) -> None:
        self._vault = vault
        self._at = at
        self._keys: Mapping[str, DataKey] = {}
        self._known = [person for person, revision in persons.items() if revision]
        self._seals: dict[str | None, Seal] = {}
        self.made: list[Document] = []

    def seal(self, person: str | None) -> Seal:
        if person not in self._seals:
            self._seals[person] = Seal(self._vault.deployment if person is None else self._key(person))
        return self._seals[person]

    def _key(self, person: str) -> DataKey:
        if self._known:
            self._keys = self._vault.of_revised(self._known)
            self._known = []
        if person in self._keys:
            return self._keys[person]
        key, row = self._vault.new(f"{PERSON}{person}", self._at, self._wrapping)
        self.made.append(row)
        return key

    @cached_property
    def _wrapping(self) -> Wrapping:
        return self._vault.wrapping()

    def search_key(self, custodian: str) -> DataKey:
        return self._vault.search_key(custodian)


def _event(save: Save, at: datetime, sealer: _Sealer) -> tuple[Document, Any]:
    """And what it was written from, so that nothing is read back."""
    formed = forms.formed(save, at)
    if formed:
        return event_document(save, at, formed), formed.canonical
    return _document(save, at, sealer), save.stamped(at)


def _document(save: Save, at: datetime, sealer: Sealer) -> Document:
    try:
        written = document(save, at, sealer)
    except orjson.JSONEncodeError:
        problem = HubError(INVALID, path=save.type)
    else:
        if _bytes(written) <= LARGEST:
            return written
        problem = HubError(TOO_LARGE, path=save.type)
    raise problem


def _bytes(written: Document) -> int:
    """What is far below the bound is not counted to the byte: no letter is wider than four."""
    text, sealed = written["json"], sum(map(len, written["s"].values())) if "s" in written else 0
    most = 4 * len(text) + sealed
    return most if most <= LARGEST else len(text.encode()) + sealed


def _require_revisions(changes: Changes) -> None:
    """A compartment changes only together with its person's revision, or two acts could miss each other."""
    for save in changes.saves:
        type_ = save.type
        if save.person is not None and type_ not in NOT_COMPARTMENT and save.person not in changes.persons:
            raise ValueError(f"a {type_} is saved without the revision of its person")


def _require_append_only(changes: Changes) -> None:
    """Nothing that we do changes an audit event, or who may see it: its hash covers both."""
    replaced = [save.type for save in changes.saves if save.replaces is not None]
    if AUDIT in (*replaced, *(rekey.type for rekey in changes.rekeys)):
        raise ValueError("an audit event is only ever added")


def _revisions(changes: Changes, at: datetime) -> tuple[Updates, list[Document]]:
    """Of those that are known, and the rows of new ones. `t`: the types that a person's compartment has, so that only these are
    read back."""
    types: dict[str, set[str]] = {person: set() for person in changes.persons}
    for save in changes.saves:
        type_ = save.type
        if save.person is not None and type_ not in NOT_COMPARTMENT:
            types[save.person].add(type_)
    revised: Updates = []
    begun: list[Document] = []
    for person, known in changes.persons.items():
        due, named = changes.due.get(person), _named(changes, person)
        if person in changes.erased:
            revised.append(erased_revision(person, known, at))
        elif known:
            revised.append(_revision(person, known, sorted(types[person]), due, named))
        else:
            begun.append({"_id": person, "r": FIRST_REVISION, "t": sorted(types[person]), "n": due, **named})
    return revised, begun


def _named(changes: Changes, person: str) -> Document:
    """What is kept of her beside her revision. `m`: see `following`; `s`: see `figures`."""
    follows, counted = sorted(changes.follows.get(person, ())), changes.counted.get(person)
    said: Document = {"m": follows or None, "s": None if counted is None else figures.counted_document(counted)}
    return {name: value for name, value in said.items() if value is not None}


def _revision(person: str, known: int, types: list[str], due: datetime | None, named: Document) -> Document:
    """Who says not when something is due leaves it unknown (null): then she is looked at soon. So is what is not named."""
    changed = {"$inc": {"r": 1}, "$addToSet": {"t": {"$each": types}}, "$set": {"n": due, **named}}
    unsaid = dict.fromkeys({"m", "s"} - named.keys(), "")
    changed |= {"$unset": unsaid} if unsaid else {}
    return {"q": {"_id": person, "r": known}, "u": changed}


def _versions(changes: Changes, at: datetime) -> Mapping[str, Document]:
    """Which version this commit writes of what rows of the outbox are about, and when."""
    about = {due.reference for due in changes.outbox}
    keyed = ((f"{save.type}/{save.id}", save) for save in changes.saves) if about else ()
    return {key: {"v": save.version, "written": at} for key, save in keyed if key in about}


def _row_id(order: int) -> str:
    """Rows that come one after the other stand side by side in the index of ids."""
    return f"{order:016x}{secrets.token_hex(8)}"


def _guarded(name: str, at: datetime) -> Document:
    return {"_id": name, "n": 1, "until": at + GUARDED}


def _moved_on(name: str, known: int, at: datetime) -> Document:
    """Remembered for longer than any act takes."""
    return {"q": {"_id": name, "n": known}, "u": {"$inc": {"n": 1}, "$set": {"until": at + GUARDED}}}
