"""The door to CommCare HQ passes the acceptance kit."""

import pytest

from adapters import commcare, http_client
from adapters.acceptance import Acceptance, HttpCase, OverHttp, Scans, WritesBack
from adapters.replay import Served
from hub.ports import Connection
from tests.support.commcare import KEY, USER, populated, referral
from tests.support.doors import layout_of, package_folder


class CommCareCase(HttpCase):
    adapter = commcare.adapter
    folder = package_folder(commcare)
    mapping = "commcare/casework"
    marks = ("Zineb El Fassi", "0600112233")

    def __init__(self, url, space, monkeypatch, folder):
        self.url, self.stand_in, self.monkeypatch, self.place = url, space, monkeypatch, folder
        space.save("survivor-1", {"full_name": self.marks[0], "phone": self.marks[1]})

    def connection(self, **settings):
        asked = {"url": self.url, "domain": "anwar", "user": USER, "page_size": 3, **settings}
        layout = layout_of(self.mapping)
        return Connection("c", "association", "commcare", self.mapping, asked, self.place, layout, lambda _: KEY)

    def add(self):
        number = len(self.stand_in.cases)
        referral(self.stand_in, 100 + number, 1)

    def edit(self):
        self.stand_in.save("referral-3", {"urgency": "72h", "referral_status": "en_cours"})

    def spoil(self):
        self.stand_in.save("referral-2", {"urgency": f"{self.marks[0]} \ud83d"})

    def delete(self):
        self.stand_in.delete("referral-2")

    def told(self):
        return {
            id_: {name: value for name, value in one["properties"].items() if name not in {"urgency"}}
            for id_, one in self.stand_in.cases.items()
            if one["case_type"] == "referral"
        }

    def hurry(self):
        self.monkeypatch.setattr(http_client, "TIMEOUT", 0.3)


class TestCommCare(Acceptance, OverHttp, Scans, WritesBack):
    @pytest.fixture
    def case(self, monkeypatch, tmp_path):
        space = populated()
        with Served(space).running() as served:
            yield CommCareCase(served.url, space, monkeypatch, tmp_path)
