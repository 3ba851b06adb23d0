"""How long a desk waits for its possible duplicates, by how many survivors it sees: three of four in the files of one of two
associations with a date of birth, every twentieth in the files of both, spelled a little differently.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.deployment import register_deployment
from benchmarks.referred import fresh_id
from hub.bootstrap import opened
from hub.consent.keys import own
from hub.exchange import Hub
from hub.exchange.duplicates import possible
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.fhir.labels import labelled
from hub.ports import Caller, Changes, Key, Save

SIZES = (1_000, 5_000)
TIMES = 5
KEEPERS = ("zahra-ecoute", "arganier-droit")
DESK = "chu-atlas"
CLASSES = ("core", "identity", "safe-contact")
GIVEN = (
    "Fatima", "Khadija", "Zineb", "Amina", "Naima", "Samira", "Latifa", "Hanane", "Nadia", "Salma", "Malika", "Rachida",
    "Houda", "Imane", "Karima", "Fatima Zahra", "Meryem", "Sanae", "Ghizlane", "Loubna",
)  # fmt: skip
FAMILY = (
    "Alaoui", "El Idrissi", "Bennani", "El Amrani", "Tazi", "Chraibi", "Berrada", "Ait Ali", "El Fassi", "Ouazzani",
    "Lahlou", "Benjelloun", "El Mansouri", "Haddad", "Saidi", "Rami", "Bouzidi", "El Khattabi", "Naciri", "Ziani",
)  # fmt: skip
"""Invented persons: the names are among the most common there are, which is what makes this slow."""


def main(sizes: tuple[int, ...]) -> None:
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        register_deployment(Path(name))
        with opened(Path(name)) as deployment:
            written = 0
            for size in sizes:
                write(deployment.hub, written, size)
                written = size
                figures |= asked(deployment.hub, size)
    print(json.dumps(figures))


def asked(hub: Hub, size: int) -> dict[str, object]:
    caller = Caller("a-desk", DESK, "COC")
    figures: dict[str, object] = {}
    for grade in ("probable", "possible"):
        took, found = [], 0
        for _ in range(TIMES):
            start = time.perf_counter()
            found = possible(caller, hub=hub, count=20, least=grade).total
            took.append(time.perf_counter() - start)
        figures[f"{grade} among {size} persons"] = f"{median(took):.2f} s ({found} pairs)"
    return figures


def write(hub: Hub, first: int, last: int) -> None:
    chance = Random(first)
    patients = list(_patients(chance, first, last))
    for start in range(0, len(patients), 200):
        saves = [Save(one, one["id"], keeper, _keys(keeper)) for one, keeper in patients[start : start + 200]]
        hub.store.commit(Changes(saves=saves, persons={save.id: 0 for save in saves}))


def _patients(chance: Random, first: int, last: int) -> Iterator[tuple[Resource, str]]:
    number = first
    while number < last:
        hers = _her(chance)
        twice = chance.random() < 0.05
        for keeper in KEEPERS if twice else (chance.choice(KEEPERS),):
            yield _file(hers, keeper, number, chance), keeper
            number += 1
            hers = {**hers, "name": [{"text": hers["name"][0]["text"].replace("a", "e", 1)}]}


def _her(chance: Random) -> Resource:
    name = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
    born = f"{chance.randrange(1960, 2008)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    phone = {"system": "phone", "value": f"+2126{chance.randrange(10**8):08}"}
    birth = {"birthDate": born} if chance.random() < 0.75 else {}
    return {"name": [{"text": name}], **birth, **({"telecom": [phone]} if chance.random() < 0.5 else {})}


def _file(hers: Resource, keeper: str, number: int, chance: Random) -> Resource:
    coded = {"coding": [{"system": code_system("identifier-type"), "code": "survivor-code"}]}
    return labelled(
        {
            "resourceType": "Patient",
            "id": fresh_id(chance),
            "meta": {"profile": [profile("survivor")]},
            "identifier": [{"type": coded, "system": identifier_system("survivor-code"), "value": f"B-{number}"}],
            "gender": "female",
            "managingOrganization": {"reference": f"Organization/{keeper}"},
            **hers,
        }
    )


def _keys(keeper: str) -> tuple[Key, ...]:
    return (Key(own(keeper)), *(Key(f"{DESK}|COC|{name}") for name in CLASSES))


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
