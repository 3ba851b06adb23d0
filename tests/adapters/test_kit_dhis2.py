"""The door to DHIS2 passes the acceptance kit."""

from collections import Counter
from datetime import date

import pytest

from adapters import dhis2, http_client
from adapters.acceptance import Declared, HttpCase, OverHttp, Reports
from adapters.replay import Served
from hub.ports import Connection, Figure, Layout, Return, Row, Rows
from tests.support.dhis2 import Dhis2StandIn
from tests.support.dhis2_tracker import Tracker
from tests.support.doors import package_folder


class Dhis2Case(HttpCase):
    adapter = dhis2.adapter
    folder = package_folder(dhis2)
    mapping = "dhis2/monthly-report"
    marks = ("Zineb El Fassi",)

    def __init__(self, url, stand_in, folder, monkeypatch):
        self.url, self.stand_in, self.place, self.monkeypatch = url, stand_in, folder, monkeypatch

    def connection(self, **settings):
        asked = {"url": self.url, "data_set": "IHALA_MONTHLY", "org_unit": "MA-CAS", "complete": True}
        asked |= {"program": "IHALA_EVENTS", "program_stage": "IHALA_EVENT", **settings}
        return Connection(
            "c", "association", "dhis2", self.mapping, asked, self.place, Layout({}), lambda _: "d2pat_token"
        )

    def figures(self):
        cells = (Figure("SENT", "", 40), Figure("BY_SERVICE", "LEGAL", 0), Figure("BY_SERVICE", "MEDICAL", None))
        rows = Rows((Row({"SERVICE": "LEGAL"}, 20), Row({"SERVICE": "MEDICAL", "AGE": "ADULT"}, 20)))
        return Return(date(2026, 3, 1), date(2026, 3, 31), cells, rows=rows)

    def told(self):
        held = self.stand_in.values.get(("MA-CAS", "202603"), {})
        return {cell: int(value) for cell, value in held.items()}

    def told_singly(self):
        return Counter(frozenset(one.items()) for one in self.stand_in.tracker.live())

    def hurry(self):
        self.monkeypatch.setattr(http_client, "TIMEOUT", 0.3)

    def add(self):
        raise NotImplementedError

    edit = spoil = add


class TestDhis2(Declared, OverHttp, Reports):
    @pytest.fixture
    def case(self, monkeypatch, tmp_path):
        stand_in = Dhis2StandIn("d2pat_token", ["SENT", "BY_SERVICE"], ["LEGAL", "MEDICAL"])
        stand_in.page = 30
        stand_in.tracker = Tracker({"SERVICE": ["LEGAL", "MEDICAL"], "AGE": ["ADULT"]})
        with Served(stand_in).running() as served:
            yield Dhis2Case(served.url, stand_in, tmp_path, monkeypatch)
