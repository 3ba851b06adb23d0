"""The stories' stage: a deployment of its own in the run's MongoDB, its registers pulled, two servers, and the parties."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from pymongo import MongoClient

from demo.kobo_server import KoboServer, Project
from tests.support import written_registers as registers
from tests.support.deployments import Deployment
from tests.support.personas import Persona, Resource, personas
from tests.support.real_clients import Registered, register

WOMEN: Final = 40
UNDECIDED: Final = 41  # this one was referred but has not been asked yet
ALSO_UNDECIDED: Final = (42, 43, 44, 45, 46, 47)
SUBMISSIONS: Final = (501, 502, 503)
PROJECT: Final = "aZahraIntake"


@dataclass(frozen=True)
class Stage:
    """`next_referral` gives each story a woman of her own, so that stories can be told in any order and side by side."""

    deployment: Deployment
    second_url: str
    kobo: Project
    cast: dict[str, Persona]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _undecided: Iterator[int] = field(default_factory=lambda: iter(ALSO_UNDECIDED))

    @property
    def hospital(self) -> Persona:
        return self.cast["chu-atlas"]

    @property
    def other_hospital(self) -> Persona:
        return self.cast["hopital-oriental"]

    @property
    def association(self) -> Persona:
        return self.cast["arganier-droit"]

    def next_code(self) -> str:
        """The survivor code of a woman of whom no story has been told yet."""
        number = next(self._numbers)
        assert number <= WOMEN, "more stories than women: raise WOMEN"
        return registers.survivor_code(number)

    def next_undecided(self) -> Resource:
        """The referral of a woman who has not been asked yet, as the association that wants to send it sees it."""
        (task,) = self.association.referrals(registers.survivor_code(next(self._undecided)))
        assert task["status"] == "draft"
        return task

    def next_referral(self) -> Resource:
        """The referral of such a woman as the hospital sees it: sent, not answered."""
        (task,) = self.association.referrals(self.next_code())
        seen: Resource = self.hospital.read(f"Task/{task['id']}").body
        assert seen["status"] == "requested"
        return seen


@pytest.fixture(scope="session")
def stage(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    database = f"stories_{uuid.uuid4().hex[:16]}"
    root = tmp_path_factory.mktemp("stage")
    deployment = Deployment.init(root, mongodb_uri=mongodb_uri, database=database)
    _write_registers(deployment.folder)
    project = Project(PROJECT, "a token of the stage", [registers.submission(number) for number in SUBMISSIONS])
    second = deployment.beside(root / "second")
    with KoboServer(project).running() as kobo:
        connect_kobo(deployment, kobo.url, project.token)
        deployment.hub("pull", "--all")
        with (
            deployment.serving() as first,
            second.serving() as other,
            personas(
                mongodb_uri, database, first.base_url,
                "chu-atlas", "hopital-oriental", "arganier-droit", "yasmine-psy", "zahra-ecoute",
            ) as cast,
        ):  # fmt: skip
            yield Stage(deployment, other.base_url, project, cast)
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(database)


@pytest.fixture(scope="session")
def registered(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Registered]:
    """The systems of the association and of the hospital, registered as an operator would, each with its key in a file."""
    folder = tmp_path_factory.mktemp("keys")
    parties = {"association": stage.association.organization, "hospital": stage.hospital.organization}
    return {name: register(stage.deployment, organization, folder) for name, organization in parties.items()}


def connect_kobo(deployment: Deployment, url: str, token: str) -> None:
    """Lead the connection to a KoboToolbox stand-in."""
    deployment.connection("zahra-kobo", "url", url)
    (deployment.folder / "secrets" / "kobo-token").write_text(token, "utf-8")


def _write_registers(folder: Path) -> None:
    women = [registers.french_case(number) for number in range(1, WOMEN + 1)]
    numbers = (UNDECIDED, *ALSO_UNDECIDED)
    undecided = [registers.french_case(number, consent="", consent_date="") for number in numbers]
    registers.write_french(folder / "registers" / "arganier.csv", [*women, *undecided])
    registers.write_arabic(folder / "registers" / "yasmine.xlsx", [registers.arabic_case(n) for n in range(1, 5)])
    (folder / "connections" / "cedre-recorder.yaml").unlink()


def pulled(deployment: Deployment, connection: str) -> Resource:
    """The numbers that `hub pull` tells of one connection."""
    (numbers,) = json.loads(deployment.hub("pull", connection, "--json").out)
    told: Resource = numbers
    return told
