"""The door to service directories passes the acceptance kit."""

import pytest

from adapters import hsds, http_client
from adapters.acceptance import Acceptance, HttpCase, OverHttp, Scans
from adapters.replay import Served
from tests.support.doors import package_folder
from tests.support.hsds import ServiceDirectory, connection, service


class DirectoryCase(HttpCase):
    adapter = hsds.adapter
    folder = package_folder(hsds)
    mapping = "hsds/directory"
    marks = ("Zineb El Fassi", "+212661234567")

    def __init__(self, server, monkeypatch, place):
        self.server, self.stand_in, self.monkeypatch, self.place = server, server.stand_in, monkeypatch, place

    def connection(self, **settings):
        return connection(self.server.url, self.place, **settings)

    def add(self):
        self.stand_in.add(service(f"s-{len(self.stand_in.services) + 1}"))

    def edit(self):
        self.stand_in.edit("s-2", fees_description="Payant")

    def spoil(self):
        self.stand_in.edit("s-3", name=f"{self.marks[0]} \ud83d")

    def delete(self):
        self.stand_in.delete("s-1")

    def hurry(self):
        self.monkeypatch.setattr(http_client, "TIMEOUT", 0.3)


class TestServiceDirectory(Acceptance, OverHttp, Scans):
    @pytest.fixture
    def case(self, monkeypatch, tmp_path):
        all_ = [service(f"s-{number}") for number in range(1, 6)]
        all_[3]["name"] = f"Permanence de {DirectoryCase.marks[0]}"
        all_[3]["phones"] = [{"id": "p-9", "number": DirectoryCase.marks[1]}]
        with Served(ServiceDirectory(all_)).running() as server:
            yield DirectoryCase(server, monkeypatch, tmp_path)
