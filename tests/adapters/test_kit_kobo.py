"""The door to KoboToolbox passes the acceptance kit."""

import pytest

from adapters import http_client, kobo
from adapters.acceptance import Acceptance, HttpCase, OverHttp, Scans, WritesBack
from demo.kobo_server import KoboServer, Project
from demo.registers import kobo_submissions
from hub.ports import Connection
from tests.support.doors import UNTIL, layout_of, package_folder


class KoboCase(HttpCase):
    adapter = kobo.adapter
    folder = package_folder(kobo)
    mapping = "kobo/intake"
    marks = ("Zineb El Fassi", "0600112233")

    def __init__(self, server, monkeypatch, folder):
        self.server, self.stand_in, self.monkeypatch, self.place = server, server.project, monkeypatch, folder
        self.stand_in.edit([401], {"identite/nom": self.marks[0], "identite/telephone": self.marks[1]})

    @property
    def blocked(self):
        """Submissions that the demonstration sends without the day of the visit."""
        all_ = [self.stand_in.submission(number) for number in self.stand_in.numbers]
        return frozenset(one["meta/rootUuid"] for one in all_ if "date_accueil" not in one)

    def connection(self, **settings):
        asked = {"url": self.server.url, "asset": self.stand_in.asset, "page_size": 20, **settings}
        layout = layout_of(self.mapping)
        return Connection("c", "association", "kobo", self.mapping, asked, self.place, layout, lambda _: "a-token")

    def add(self):
        number = max(self.stand_in.numbers) + 1
        one = {
            **self.stand_in.submission(401),
            "_id": number,
            "_uuid": f"n{number}",
            "meta/rootUuid": f"uuid:n{number}",
        }
        self.stand_in.add({**one, "meta/instanceID": f"uuid:n{number}"})

    def edit(self):
        self.stand_in.edit([430], {"identite/age": "57"})

    def spoil(self):
        self.stand_in.edit([431], {"identite/nom": f"{self.marks[0]} \ud83d"})

    def delete(self):
        self.stand_in.delete(420)

    def told(self):
        return {
            number: {
                path: value for path, value in self.stand_in.submission(number).items() if path.startswith("suivi/")
            }
            for number in self.stand_in.numbers
        }

    def hurry(self):
        self.monkeypatch.setattr(http_client, "TIMEOUT", 0.3)


class TestKobo(Acceptance, OverHttp, Scans, WritesBack):
    @pytest.fixture
    def case(self, monkeypatch, tmp_path):
        project = Project("aZahraIntake", "a-token", kobo_submissions(until=UNTIL)[:45])
        with KoboServer(project).running() as server:
            yield KoboCase(server, monkeypatch, tmp_path)
