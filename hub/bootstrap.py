"""Where the parts meet: the only module that knows them all. From a deployment folder to a running hub."""

import atexit
import gc
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub import errors, mapping, settings
from hub.consent import policies
from hub.consent.keys import GENERATION
from hub.delivery.hand_over import hand_over
from hub.delivery.mailing import Mailing
from hub.delivery.pauses import Patience
from hub.delivery.subscribers import Subscribers
from hub.delivery.subscriptions import subscribed
from hub.delivery.write_back import Door, write_back
from hub.directory.organizations import Names, resources
from hub.errors import HubError
from hub.exchange import Hub
from hub.exchange.listen import Listeners
from hub.exchange.publish import publish
from hub.exchange.vouch import checkpoint
from hub.keyring import kek_text, signing_keys
from hub.oauth.people import People
from hub.outbound.allowed import is_allowed
from hub.outbound.fetch import Fetcher
from hub.outbound.key_sets import FetchedKeys
from hub.outbound.mail import Mailer, is_recipient
from hub.outbound.post import Posting
from hub.ports import Adapter, Connection, DataKeys, Registry, Trail, Way
from hub.referral import deadline_file
from hub.settings import ConnectionFile, Settings
from hub.store import Keks, MongoAccounts, MongoFeed, MongoRegistry, MongoStore, MongoTrail, embedded
from hub.store.sealing import random_bytes

if TYPE_CHECKING:
    from flask import Flask


log = logging.getLogger("hub.bootstrap")

COLLECT_AFTER: Final = (10_000, 20, 20)
"""Objects and collections (`gc.set_threshold`): a request makes some thousands that are in no circle."""

RULES = (("policies", policies.FILE), ("policies", deadline_file.FILE), ("code-systems", "data-class.json"))
"""Files of the contract that say what a consent opens, and when somebody is to be told."""
OWN_RULES = (policies.FILE, deadline_file.FILE)


class SystemClock:
    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class RandomIds:
    """UUIDs of version 4 (RFC 9562), written directly: an import asks for ten of them a row."""

    def new(self) -> str:
        digits = random_bytes(16).hex()
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True)
class Deployment:
    """Everything of one running deployment."""

    settings: Settings
    hub: Hub
    registry: Registry
    people: People
    trail: Trail
    listeners: Listeners
    doors: Mapping[str, Door]
    ways: tuple[Way, ...]
    keys: DataKeys

    @property
    def patience(self) -> Patience:
        return Patience(timedelta(days=self.settings.delivery_days))

    def checkpoint(self, *, only_if_due: bool = False) -> str | None:
        """Sign where the audit trail stands, with the key of this deployment, made when there is none yet."""
        return checkpoint(
            self.trail, signing_keys(self.settings.folder, make=True), self.hub.clock.now(), only_if_due=only_if_due
        )

    def checkpoint_if_due(self) -> None:
        """What cannot be signed now (no database, a folder that cannot be written to) is signed later."""
        try:
            if self.checkpoint(only_if_due=True):
                log.info("audit.checkpoint")
        except (HubError, OSError) as problem:
            log.error("audit.no-checkpoint", extra={"problem": getattr(problem, "text", type(problem).__name__)})

    def door(self, connection: str) -> Door:
        """Raises HubError(UNKNOWN_CONNECTION) listing the connections that exist."""
        if connection not in self.doors:
            raise HubError(errors.UNKNOWN_CONNECTION, name=connection, known=", ".join(sorted(self.doors)) or "-")
        return self.doors[connection]


@contextmanager
def opened(folder: Path) -> Iterator[Deployment]:
    """A deployment with its database running and its directory published; everything is closed in the end."""
    read = settings.read(folder)
    keks = Keks(partial(kek_text, folder))
    with database_uri(read) as uri, MongoStore.open(uri, read.database, keks=keks) as store:
        store.vault.check()
        names = Names(read.organizations)
        hub = Hub(
            store, SystemClock(), RandomIds(), names, read.pepper, read.policies, read.exports, read.deadlines,
            reporting=read.reporting,
        )  # fmt: skip
        publish((resource for entry in names for resource in resources(entry)), hub=hub)
        store.follow_rules(rules_signature(read))
        doors = {c.id: door(c, read) for c in read.connections}
        registry = MongoRegistry(store)
        people = People(hub, registry, MongoAccounts(store), read.lifetimes, _audited_id)
        listeners = Listeners(hub, MongoFeed(store), registry, read.streams)
        posting = Posting(read.subscription_hosts, hub.clock.now)
        subscribers, mailer = Subscribers(registry), Mailer(read.mail, hub.clock.now)
        mailing = Mailing(hub, subscribers, mailer.send, read.base_url.removesuffix("fhir"), read.language)
        to_systems = subscribed(subscribers, posting.post, mailing, read.base_url, hub=hub)
        ways = (write_back(doors, hub=hub), hand_over(doors, hub=hub), to_systems)
        yield Deployment(read, hub, registry, people, MongoTrail(store), listeners, doors, ways, store.vault)


def rules_signature(read: Settings) -> str:
    """Of all that disclosure keys and deadlines follow from beside a survivor's own records. Where it changes, the delivery
    worker settles every record anew."""
    packaged = (files("profiles").joinpath(*path).read_text("utf-8") for path in RULES)
    own = ((read.folder / name).read_text("utf-8") if (read.folder / name).exists() else "" for name in OWN_RULES)
    parts = sorted(f"{one.id} {one.part_of} {one.province} {sorted(one.services)}" for one in read.organizations)
    written = [version("ihala"), f"keys {GENERATION}", *packaged, *own, *parts]
    return hashlib.sha256("\x1f".join(written).encode()).hexdigest()


@contextmanager
def database_uri(read: Settings) -> Iterator[str]:
    """The configured database, or the embedded one for as long as anyone of this deployment uses it."""
    if read.database_uri:
        yield read.database_uri
    else:
        with embedded.mongod(read.folder, cache_gb=read.cache_gb) as uri:
            yield uri


def revive_database(read: Settings) -> bool:
    """Whether the embedded database had been killed, and was started again. A configured one is somebody else's to keep."""
    return not read.database_uri and embedded.revive(read.folder, cache_gb=read.cache_gb)


def adapters() -> Mapping[str, EntryPoint]:
    """Every installed door by name, not loaded yet; partners add theirs through the entry-point group `hub.adapters`."""
    return {point.name: point for point in entry_points(group="hub.adapters")}


def door(written: ConnectionFile, read: Settings) -> Door:
    """A connection with its adapter and mapping. Raises HubError naming the connection's file."""
    known = adapters()
    if written.adapter not in known:
        raise HubError(
            errors.UNKNOWN_ADAPTER,
            place=f"connections/{written.id}.yaml",
            name=written.adapter,
            known=", ".join(sorted(known)),
        )
    form = mapping.load(written.mapping, search=[read.folder / "mappings"], named_in=f"connections/{written.id}.yaml")
    connection = Connection(
        id=written.id,
        organization=written.organization,
        adapter=written.adapter,
        mapping=written.mapping,
        settings=written.settings,
        folder=read.folder,
        layout=form.layout(),
        secret=settings.secret_reader(read.folder, written.secrets),
    )
    adapter: Adapter = known[written.adapter].load()
    return Door(connection, adapter, form)


@cache
def _for_life(folder: Path) -> Deployment:
    """The deployment of a server process: opened once, closed by the end of the process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(opened(folder))


def _may_be_sent_to(read: Settings, url: str) -> bool:
    """Whether a subscriber may name this address."""
    return is_allowed(url, read.subscription_hosts) or (
        read.mail is not None and is_recipient(url, read.mail.recipients)
    )


def send_listeners_away() -> None:
    """They would keep a server process from ending."""
    _for_life(_home()).listeners.end()


def _home() -> Path:
    return Path(os.environ.get("IHALA_HOME", ".")).resolve()


def _audited_id() -> str:
    """The id of the present request."""
    from hub.web.access import audited_id  # noqa: PLC0415 — as in `wsgi`

    return audited_id()


def wsgi() -> "Flask":
    """The WSGI application of the deployment folder in IHALA_HOME: what a server process runs.

    What is for the web is loaded here, and by no command that serves nobody: it was a fifth of the start of each.
    """
    from hub import console  # noqa: PLC0415
    from hub.web.app import create_app  # noqa: PLC0415

    deployment = _for_life(_home())
    keys = FetchedKeys(Fetcher(deployment.settings.jwks_hosts))
    app = create_app(
        deployment.hub,
        deployment.registry,
        deployment.settings,
        keys=keys,
        people=deployment.people,
        listeners=deployment.listeners,
        allows=partial(_may_be_sent_to, deployment.settings),
        doors=deployment.doors,
    )
    console.mount(app, deployment.people, deployment.settings, deployment.doors)
    gc.freeze()  # profiles and code systems stay for good: to look through them again and again took a tenth of the time
    gc.set_threshold(*COLLECT_AFTER)
    return app
