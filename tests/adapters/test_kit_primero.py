"""The door to Primero passes the acceptance kit."""

import pytest

from adapters import http_client, primero
from adapters.acceptance import Acceptance, HttpCase, OverHttp, WritesBack
from adapters.primero import forms
from adapters.replay import Served
from hub.ports import Connection, FollowUp
from tests.support.doors import layout_of, package_folder
from tests.support.primero import Primero, case, incident


class PrimeroCase(HttpCase):
    adapter = primero.adapter
    folder = package_folder(primero)
    mapping = "primero/gbvims-plus"
    marks = ("ANW-0001",)

    def __init__(self, url, stand_in, monkeypatch, folder):
        self.url, self.stand_in, self.monkeypatch, self.place = url, stand_in, monkeypatch, folder
        for number in range(1, 8):
            self.add(number)

    def connection(self, **settings):
        asked = {"url": self.url, "user": "hub", "page_size": 3, **settings}
        layout = layout_of(self.mapping)
        return Connection(
            "c", "association", "primero", self.mapping, asked, self.place, layout, lambda _: "a-password"
        )

    def add(self, number=0):
        number = number or len(self.stand_in.cases) + 1
        self.stand_in.add(case(number), incidents=[incident(number)])

    def edit(self):
        self.stand_in.edit(list(self.stand_in.cases)[2], age=57)

    def spoil(self):
        self.stand_in.edit(list(self.stand_in.cases)[3], survivor_code_no=f"{self.marks[0]} \ud83d")

    def told(self):
        return {id_: one["services_section"] for id_, one in self.stand_in.cases.items()}

    def values(self):
        return {"service_implemented": "implemented", "note_on_referral_from_provider": "Service provided"}

    def follow_up(self, record, id_="task-1", **values):
        row = self.stand_in.cases[record.id]["services_section"][0]["unique_id"]
        return FollowUp(id_, record.handle, {"services_section[1]/unique_id": row, **self.values(), **values})

    def hurry(self):
        self.monkeypatch.setattr(http_client, "TIMEOUT", 0.3)


class TestPrimero(Acceptance, OverHttp, WritesBack):
    @pytest.fixture
    def case(self, monkeypatch, tmp_path):
        forms.forget()
        stand_in = Primero()
        with Served(stand_in).running() as served:
            yield PrimeroCase(served.url, stand_in, monkeypatch, tmp_path)
