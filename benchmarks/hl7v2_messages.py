"""How many REF^I12 a second are parsed and mapped on one core: split, read as the mapping's columns say, turned into resources.

Each message differs in who it is about, so that nothing is remembered between them. The network and the database are elsewhere:
`benchmarks.import_register` measures storing.
"""

import json
import sys
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from adapters.hl7v2.message import parse
from adapters.hl7v2.places import Reader
from adapters.hl7v2.records import Records
from hub import mapping
from hub.mapping import Context

MESSAGE = (
    "MSH|^~\\&|HIS|CHU-1|IHALA|HUB|20260315101500+0000||REF^I12^REF_I12|HIS{n}|P|2.5.1|||AL|AL|MAR|UNICODE UTF-8|fr\r"
    "RF1|P^Pending^HL70283|S^STAT^HL70280|Med^Medical^HL70281|AM|O|R-{n}^CHU-1|20260315|20260615|20260315101500+0000\r"
    "PRD|RP^Referring provider^HL70286||||||CHU-1^IHALA\r"
    "PRD|RT^Referred to provider^HL70286||||||association-anwar^IHALA\r"
    "PID|1||P-{n}^^^CHU-1^AN~AB{n}^^^MAR^NI||Fictive^Nadia {n}^^^^^L||200{d}0315|F|||{n} rue Fictive^^Rabat||"
    "^PRN^PH^^212^66{n}||ar|M\r"
    "NTE|1|L|Consultation et certificat n° {n}\r"
    "CON|1||||||||||A||20260314\r"
)


def main() -> None:
    count = next((int(one.partition("=")[2]) for one in sys.argv if one.startswith("ROWS=")), 10_000)
    form = mapping.load("hl7v2/ref-i12")
    columns = form.layout().columns
    context = Context("chu-1", str, date(2026, 11, 23))
    spool = cast(Any, SimpleNamespace())
    records = Records(Reader(columns, "Africa/Casablanca"), frozenset(), cast(Any, Path()), spool)
    raw = [MESSAGE.format(n=1_000_000 + n, d=n % 8).encode() for n in range(count)]
    start = time.process_time()
    for number, one in enumerate(raw):
        record = records.record(parse(one), str(number))
        assert record is not None
        mapped = form.forward(record, context)
        assert len(mapped.drafts) == 4 and not any(issue.blocks for issue in mapped.issues)
    spent = time.process_time() - start
    start = time.process_time()
    for one in raw:
        parse(one)
    alone = time.process_time() - start
    print(
        json.dumps(
            {
                "messages": count,
                "REF parsed and mapped, a second": round(count / spent),
                "REF split alone, a second": round(count / alone),
            }
        )
    )


if __name__ == "__main__":
    main()
