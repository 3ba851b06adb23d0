"""The door to hospitals passes the acceptance kit."""

import pytest

from adapters import hl7v2
from adapters.acceptance import Acceptance, Case, WritesBack
from adapters.hl7v2.reception import Reception
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import terms
from tests.support.doors import package_folder
from tests.support.hl7v2 import PID, RF1, SECRET, Hospital, connection, ref


class HospitalCase(Case):
    adapter = hl7v2.adapter
    folder = package_folder(hl7v2)
    mapping = "hl7v2/ref-i12"
    marks = ("Zineb El Fassi", "0600112233", "P-000")

    def __init__(self, his, place):
        self.his, self.place, self.sent = his, place, 0
        for _ in range(4):
            self.add()

    def connection(self, **settings):
        return connection(self.place, **{"send": self.his.address, "their_name": "HIS|CHU-1"} | settings)

    def say(self, number, event="I12", name="El Fassi^Zineb", **more):
        self.sent += 1
        pid = (
            PID.replace("P-77", f"P-000{number}")
            .replace("Fictif^Nadia", name)
            .replace("^^212^661^234567", "^^^^0600112233")
        )
        rf1 = RF1.replace("R-2026-000123", f"R-{number}")
        found = terms(self.connection())
        told = Reception(found, Spool(found.spool, SECRET)).take(ref(event, f"N{self.sent}", pid=pid, rf1=rf1, **more))
        assert b"MSA|AA" in told

    def add(self):
        self.say(self.sent + 1)

    def edit(self):
        self.say(1, "I13", "El Fassi^Zineb Edited")

    def spoil(self):
        """As if the connection's character set had been changed since it was taken."""
        found = terms(self.connection())
        sorted((found.spool / "inbox").iterdir())[1].unlink()
        Spool(found.spool, SECRET).put(ref(control="SPOILT", charset="KLINGON"))

    def told(self):
        lines = [raw.decode().split("\r") for raw in self.his.taken]
        return {one[0].split("|")[9]: one[1:] for one in lines}

    def values(self):
        return {"status": "A", "status_date": "2026-03-16T09:00:00+00:00", "outcome": "Service rendu"}


class TestHospital(Acceptance, WritesBack):
    @pytest.fixture
    def case(self, tmp_path):
        with Hospital() as his:
            yield HospitalCase(his, tmp_path)
