"""What belongs to no survivor in the worlds of a non-interference test: the directory, workers, forms, groups, reports."""

from collections.abc import Iterator
from random import Random

from hub.consent.keys import own
from hub.exchange.publish import keys_of
from hub.fhir import Resource
from hub.ports import Key, Save
from tests.support.disguise import EVERY, disguise
from tests.support.written import CALLER, ORGANIZATIONS, example, organization_, renamed


def reports(hidden: Random | None) -> Iterator[Save]:
    for organization in (CALLER, *(["amal", "nour"] if hidden else [])):
        report = example("aggregate-report") | {
            "id": f"{organization}-2026-10",
            "reporter": organization_(organization),
        }
        yield Save(report, None, organization, (Key(own(organization)),))
        for name in ("group", "group--survivors", "list", "staff-role"):
            entry = _of(organization, name)
            yield Save(entry, None, organization, keys_of(entry, organization))


def workers_and_forms(hidden: Random | None) -> Iterator[Save]:
    """For everybody, but for what of a worker is her organisation's own."""
    for organization in ORGANIZATIONS:
        allowed = EVERY if organization == CALLER else frozenset({"directory"})
        for name in ("practitioner", "questionnaire"):
            entry = disguise(_of(organization, name), allowed, hidden)
            yield Save(entry, None, organization, keys_of(entry, organization))


def _of(organization: str, name: str) -> Resource:
    found = renamed(example(name), "0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31", organization)
    return found | {"id": f"{organization}-{name}"}


def directory(hidden: Random | None) -> list[Resource]:
    """Organisations, services, places and desks; of an organisation's contact, a shelter's address and endpoints nothing is
    for everyone."""
    everyone = frozenset({"directory"})
    found: list[Resource] = []
    for id_ in ORGANIZATIONS:
        allowed = EVERY if id_ == CALLER else everyone
        organization = example("organization") | {"id": id_}
        organization["identifier"] = [organization["identifier"][0] | {"value": id_}]
        place = example("location") | {"id": f"{id_}-site", "managingOrganization": organization_(id_)}
        shelter = example("shelter-location") | {"id": f"{id_}-house", "managingOrganization": organization_(id_)}
        service = example("service") | {"id": f"{id_}-medical", "providedBy": organization_(id_)}
        desk = example("practitioner-role") | {"id": f"{id_}-desk", "organization": organization_(id_)}
        found += [disguise(one, allowed, hidden) for one in (organization, place, shelter, service, desk)]
        if hidden or id_ == CALLER:
            found.append(
                example("endpoint") | {"id": f"{id_}-notifications", "managingOrganization": organization_(id_)}
            )
    return found
