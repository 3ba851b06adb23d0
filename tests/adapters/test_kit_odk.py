"""The door to ODK Central passes the acceptance kit."""

import pytest

from adapters import http_client, odk
from adapters.acceptance import Acceptance, HttpCase, OverHttp, WritesBack
from adapters.replay import Served
from hub.ports import Connection
from tests.support.doors import layout_of, package_folder
from tests.support.odk_central import EMAIL, FORM, PASSWORD, PROJECT, Central
from tests.support.odk_submissions import NAME, PHONE, nested


class OdkCase(HttpCase):
    adapter = odk.adapter
    folder = package_folder(odk)
    mapping = "odk/intake"
    marks = (NAME, PHONE)

    def __init__(self, url, central, monkeypatch, folder):
        self.url, self.stand_in, self.monkeypatch, self.place = url, central, monkeypatch, folder
        self.ids = [central.submit(nested(number)) for number in range(1, 8)]

    def connection(self, **settings):
        asked = {"url": self.url, "project": PROJECT, "form": FORM, "page_size": 3, **settings}
        layout = layout_of(self.mapping)
        secrets = {"email": EMAIL, "password": PASSWORD}
        return Connection("c", "association", "odk", self.mapping, asked, self.place, layout, secrets.__getitem__)

    def add(self):
        self.stand_in.submit(nested(len(self.stand_in.rows) + 1))

    def edit(self):
        self.stand_in.edit(self.ids[2], identite__age=57)

    def spoil(self):
        self.stand_in.edit(self.ids[3], identite__nom=f"{self.marks[0]} \ud83d")

    def told(self):
        said = {id_: [one["body"] for one in comments] for id_, comments in self.stand_in.said.items()}
        return said, {id_: row["__system"]["reviewState"] for id_, row in self.stand_in.rows.items()}

    def hurry(self):
        self.monkeypatch.setattr(http_client, "TIMEOUT", 0.3)


class OdkWithAPassword(OdkCase):
    """The password with each request, no session."""

    def connection(self, **settings):
        return super().connection(**{"auth": "basic", **settings})


class TestOdk(Acceptance, OverHttp, WritesBack):
    @pytest.fixture(params=[OdkCase, OdkWithAPassword], ids=["session", "basic"])
    def case(self, request, monkeypatch, tmp_path):
        central = Central()
        with Served(central).running() as served:
            yield request.param(served.url, central, monkeypatch, tmp_path)
