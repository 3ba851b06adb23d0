"""The stage of the journeys: one served hub for a worker, the parties with their keys and tokens, and an ear for each."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, Final

import pytest
import yaml
from joserfc.jwk import ECKey
from pymongo import MongoClient

from hub.bootstrap import opened
from hub.exchange import disclosures
from hub.oauth import assertion
from hub.ports import Client
from hub.store import MongoRegistry, MongoStore
from tests.support.deployments import Deployment
from tests.support.ears_over_http import Ear
from tests.support.personas import EVERYTHING, Persona, Resource, personas
from tests.support.receivers import Receiver, receiving
from tests.support.story import LANGUAGES, Party, Story, words
from tests.support.story_given import Given
from tests.support.story_telling import FILES, section, write, written
from tests.support.story_then import Then
from tests.support.story_when import When

MORE: Final = """
- {id: source-fes, type: association, name: {fr: Association Source – Fès, ar: جمعية النبع – فاس}, province: MA-FES, services: [psychosocial]}
- {id: lilas-fes, type: association, name: {fr: Association Lilas – Fès, ar: جمعية الليلك – فاس}, province: MA-FES, services: [psychosocial]}
"""
"""With Olivier, three who give the same service in Fes."""
CAST: Final = (
    "zahra-ecoute", "chu-atlas", "hopital-oriental", "dar-rihana", "palmier-enfance", "olivier-famille", "source-fes", "lilas-fes",
    "emf-marrakech", "yasmine-psy", "arganier-droit",
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    parties: dict[str, Party]
    account: Callable[[str], disclosures.Account]
    emergency: Callable[[str], Party]
    command: Callable[..., Any]
    door: Receiver
    """Where a system has what it subscribed to sent."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def begin(self, key: str, **roles: str) -> tuple[Story, Given, When, Then]:
        """`association` keeps her record; `stranger` takes no part, and must never learn of her."""
        parties = {
            role: self.emergency(one[:-1]) if one.endswith("!") else self.parties[one] for role, one in roles.items()
        }
        story = Story(key, parties, parties["association"], account=self.account, command=self.command, door=self.door)
        number = next(self._numbers)
        return story, Given(story, number), When(story, number), Then(story)


@pytest.fixture(scope="session")
def journeys(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    database = f"journeys_{uuid.uuid4().hex[:16]}"
    deployment = Deployment.init(tmp_path_factory.mktemp("journeys"), mongodb_uri=mongodb_uri, database=database)
    with (deployment.folder / "organizations.yaml").open("a", encoding="utf-8") as directory:
        directory.write(MORE)
    (deployment.folder / "secrets" / "kek").write_text(os.environ["IHALA_KEK"], "ascii")  # the same here and there
    for one in (deployment.folder / "connections").iterdir():
        one.unlink()
    with receiving() as door:
        with (deployment.folder / "hub.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'\n[subscription]\nhosts = ["http://127.0.0.1:{door.port}"]\n')
        yield from _played(deployment, mongodb_uri, database, door)
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(database)


def _played(deployment: Deployment, mongodb_uri: str, database: str, door: Receiver) -> Iterator[Stage]:
    names = {
        one["id"]: one["name"] for one in yaml.safe_load((deployment.folder / "organizations.yaml").read_text("utf-8"))
    }
    with (
        deployment.serving() as running,
        personas(mongodb_uri, database, running.base_url, *CAST) as cast,
        _account(deployment, mongodb_uri) as account,
        ExitStack() as stack,
    ):
        ears = {one: Ear(persona) for one, persona in cast.items()}
        parties = {one: Party(cast[one], names[one], ears[one]) for one in CAST}
        yield Stage(
            parties,
            account,
            partial(_for_emergencies, stack, mongodb_uri, database, running.base_url, names),
            deployment.hub,
            door,
        )
    for ear in ears.values():
        ear.stop()


@contextmanager
def _account(deployment: Deployment, mongodb_uri: str) -> Iterator[Callable[[str], disclosures.Account]]:
    """The account of one survivor, as `hub consent disclosures` makes it."""
    with ExitStack() as stack:
        with (
            pytest.MonkeyPatch.context() as environment
        ):  # for this alone: other tests of the worker open other databases
            environment.setenv("IHALA_MONGODB_URI", mongodb_uri)
            running = stack.enter_context(opened(deployment.folder))
        yield lambda her: disclosures.account(her.removeprefix("Patient/"), hub=running.hub)


class ForEmergencies(Persona):
    """A system whose tokens say in so many words that somebody's life is in danger."""

    def _proof(self, endpoint: str) -> dict[str, str]:
        signed = assertion.sign(self.key, self.client_id, endpoint, now=datetime.now(UTC), purpose="BTG")
        return {"client_assertion_type": assertion.TYPE, "client_assertion": signed}


def _for_emergencies(
    stack: ExitStack, uri: str, database: str, base_url: str, names: dict[str, Any], organization: str
) -> Party:
    """A system of the same organisation that is there for emergencies alone: its tokens are for nothing else. `stack`: it is closed with it."""
    key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
    client = Client(
        f"{organization}-emergency",
        organization,
        {"keys": [key.as_dict(private=False)]},
        frozenset({EVERYTHING}),
        ("BTG",),
    )
    with MongoStore.open(uri, database) as store:
        MongoRegistry(store).save_client(client)
    persona = ForEmergencies(organization, client.id, key, base_url, EVERYTHING)
    stack.callback(persona.close)
    called = Party(persona, names[organization])
    return replace(called, names={one: words()["emergency"][one].format(who=called.told(one)) for one in LANGUAGES})


Begin = Callable[..., tuple[Story, Given, When, Then]]


@pytest.fixture
def begin(journeys: Stage) -> Iterator[Begin]:
    """`begin("emergency", association="…", stranger="…")`. What was told is in docs/, word for word; IHALA_WRITE_JOURNEYS writes it."""
    begun: list[Story] = []

    def one(key: str, **roles: str) -> tuple[Story, Given, When, Then]:
        told = journeys.begin(key, **roles)
        begun.append(told[0])
        return told

    yield one
    for story in (one for one in begun if one.is_told):
        if os.environ.get("IHALA_WRITE_JOURNEYS"):
            write(story)
        for language in FILES:
            found = section(story, language)
            assert found in written(language).values(), f"docs differ; write them with IHALA_WRITE_JOURNEYS=1:\n{found}"
