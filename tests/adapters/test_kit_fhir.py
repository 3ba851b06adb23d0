"""The door to FHIR servers passes the acceptance kit."""

import pytest

from adapters import fhir, http_client
from adapters.acceptance import Acceptance, HttpCase, OverHttp, WritesBack
from adapters.replay import Served
from hub.ports import Connection
from tests.support.doors import layout_of, package_folder
from tests.support.fhir_partner import Partner, referral


class FhirCase(HttpCase):
    adapter = fhir.adapter
    folder = package_folder(fhir)
    mapping = "fhir/referral"
    marks = ("Zineb El Fassi", "0600112233")

    def __init__(self, served, monkeypatch, place):
        self.served, self.stand_in, self.monkeypatch, self.place = served, served.stand_in, monkeypatch, place
        self.numbers = 0
        for _ in range(7):
            self.add()

    def connection(self, **settings):
        asked = {"url": f"{self.served.url}/fhir", "page_size": 3, **settings}
        layout = layout_of(self.mapping)
        return Connection("c", "partner", "fhir", self.mapping, asked, self.place, layout, lambda _: "a-token")

    def add(self):
        self.numbers += 1
        referral(self.numbers, self.stand_in, name=self.marks[0])
        self.stand_in.change(f"Patient/p{self.numbers}", telecom=[{"system": "phone", "value": self.marks[1]}])

    def edit(self):
        self.stand_in.change("Task/t2", priority="stat", authoredOn="2026-03-02T09:00:00Z")

    def spoil(self):
        self.stand_in.delete("ServiceRequest/s3")
        self.stand_in.change("Task/t3")

    def told(self):
        said = ("status", "statusReason", "output", "lastModified")
        return {one["id"]: {name: one.get(name) for name in said} for one in self.stand_in.all("Task")}

    def values(self):
        return {"status": "accepted", "status_date": "2026-03-16T09:00:00+00:00", "outcome": "Service provided"}

    def hurry(self):
        self.monkeypatch.setattr(http_client, "TIMEOUT", 0.3)


class TestFhir(Acceptance, OverHttp, WritesBack):
    @pytest.fixture(params=[False, True], ids=["r4", "sdoh"])
    def case(self, request, monkeypatch, tmp_path):
        with Served(Partner(sdoh=request.param)).running() as served:
            yield FhirCase(served, monkeypatch, tmp_path)
