"""Two agencies that share one Primero server: what becomes of their cases in the hub's store when the tool repeats, hides or moves them."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.primero import forms
from adapters.replay import Served
from hub.bootstrap import opened
from hub.exchange import change, disclose
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.ports import Caller
from tests.support.command_line import Command
from tests.support.primero import Primero, case, incident

CONNECTION = """organization: {organization}
adapter: primero
mapping: primero/gbvims-plus-instance
settings:
  url: {url}
  user: hub
  agency: {agency}
secrets:
  password: {{file: secrets/primero}}
"""
AGENCIES = {"example-association": "agency-anouar", "example-second": "agency-other"}
FIRST, SECOND, HOSPITAL = "example-association", "example-second", "example-hospital"
KEPT = ("Patient", "EpisodeOfCare", "Observation", "Consent", "ServiceRequest", "Task")
ANOTHER = """
- id: example-second
  type: association
  name: {ar: جمعية ثانية, fr: Deuxième association, en: Second association}
  aliases: []
  province: MA-CAS
  services: [listening]
"""


@pytest.fixture
def tool() -> Primero:
    forms.forget()
    stand_in = Primero()
    written = case(1, owned_by_agency_id="agency-anouar", consent_to_share_health_organization=HOSPITAL)
    written["services_section"][0]["service_implementing_agency"] = HOSPITAL
    stand_in.add(written, incidents=[incident(1)])
    return stand_in


@pytest.fixture
def joined(hub: Command, tool: Primero) -> Iterator[Command]:
    with Served(tool).running() as served:
        (hub.home / "secrets").mkdir(exist_ok=True)
        (hub.home / "secrets" / "primero").write_text(tool.password, "utf-8")
        with (hub.home / "organizations.yaml").open("a", encoding="utf-8") as file:
            file.write(ANOTHER)
        for organization, agency in AGENCIES.items():
            text = CONNECTION.format(organization=organization, url=served.url, agency=agency)
            (hub.home / "connections" / f"{organization}.yaml").write_text(text, "utf-8")
        yield hub


def pulled(hub: Command, organization: str = FIRST) -> dict[str, int]:
    (numbers,) = hub.json("pull", organization)
    return {name: numbers[name] for name in ("created", "updated", "unchanged", "withdrawn", "quarantined")}


def told(**numbers: int) -> dict[str, int]:
    return {"created": 0, "updated": 0, "unchanged": 0, "withdrawn": 0, "quarantined": 0} | numbers


def kept(hub: Command, type_: str, organization: str = FIRST) -> list[Resource]:
    """What an organisation finds of a type."""
    with opened(hub.home) as deployment:
        page = disclose.search(Query(type_), Caller("test", organization, "COC"), hub=deployment.hub)
        return [dict(loads(view.text)) for view in page.entries]


def stored(hub: Command) -> dict[str, list[tuple[str, int, str]]]:
    """Everything of a person that is in the database: its id, its version and who keeps it."""
    with opened(hub.home) as deployment:
        database = deployment.hub.store.database  # type: ignore[attr-defined]
        return {
            type_: sorted((str(one["_id"]), one["v"], one["custodian"]) for one in database[type_].find())
            for type_ in KEPT
        }


def only(tool: Primero) -> str:
    (identity,) = tool.cases
    return identity


def accept(hub: Command) -> None:
    (task,) = kept(hub, "Task", HOSPITAL)
    caller = Caller("test", HOSPITAL, "COC")
    with opened(hub.home) as deployment:
        change.patch(
            "Task", task["id"], lambda one: {**one, "status": "accepted"}, caller, expected=None, hub=deployment.hub
        )


def of(hub: Command, type_: str, organization: str) -> Resource:
    (found,) = kept(hub, type_, organization)
    return found


def parties(resource: Resource) -> dict[str, Any]:
    return {
        name: resource[name]["reference"] for name in ("managingOrganization", "requester", "owner") if name in resource
    }


# --- a case that comes again -----------------------------------------------------------------------------------------


def test_a_case_that_is_saved_again_without_a_change_makes_no_version_of_anything(
    joined: Command, tool: Primero
) -> None:
    assert pulled(joined) == told(created=1)
    before = stored(joined)
    assert all(before.values()), "a case with her incident, her consent, her need and its referral"
    for _ in range(2):
        tool.touch(only(tool))
        assert pulled(joined) == told(unchanged=1)
    assert stored(joined) == before


def test_what_the_role_is_not_shown_any_more_stays_stored_and_what_was_emptied_goes(
    joined: Command, tool: Primero
) -> None:
    pulled(joined)
    before = of(joined, "Patient", FIRST)
    assert before["name"] == [{"text": "Zineb El Fassi 1"}] and before["maritalStatus"]
    tool.hidden = {"maritial_status"}
    tool.edit(only(tool), hidden_name=True, age=25)
    assert pulled(joined) == told(updated=1)
    seen = of(joined, "Patient", FIRST)
    assert (seen["name"], seen["maritalStatus"]) == (before["name"], before["maritalStatus"])
    assert "*" not in str(seen)
    tool.hidden = set()
    tool.edit(only(tool), hidden_name=False, maritial_status=None)
    assert pulled(joined) == told(updated=1)
    assert "maritalStatus" not in of(joined, "Patient", FIRST)


@pytest.mark.parametrize("gone", [{"record_state": False}, {"enabled": False}, {"status": "duplicate"}])
def test_a_case_that_was_disabled_ends_for_everybody_but_who_keeps_it(
    joined: Command, tool: Primero, gone: dict[str, Any]
) -> None:
    pulled(joined)
    accept(joined)
    assert kept(joined, "Patient", HOSPITAL)
    tool.edit(only(tool), **gone)
    assert pulled(joined) == told(withdrawn=1)
    assert of(joined, "EpisodeOfCare", FIRST)["status"] == "cancelled"
    assert of(joined, "Consent", FIRST)["status"] == "inactive"
    assert kept(joined, "Patient", HOSPITAL) == []
    assert pulled(joined) == told()


# --- a case that is handed on ----------------------------------------------------------------------------------------


def test_a_transfer_changes_who_keeps_the_case_in_the_store(joined: Command, tool: Primero) -> None:
    """From one agency to another of the same server, by what the tool says of its owner."""
    assert pulled(joined) == told(created=1)
    assert pulled(joined, SECOND) == told(), "what is another agency's is not read"
    accept(joined)
    assert {custodian for found in stored(joined).values() for *_, custodian in found} == {FIRST}

    tool.edit(only(tool), owned_by="cw_far", owned_by_agency_id=AGENCIES[SECOND])
    assert pulled(joined) == told(withdrawn=1)
    assert pulled(joined, SECOND) == told(created=1)

    theirs, ours = f"Organization/{SECOND}", f"Organization/{FIRST}"
    for type_ in ("Patient", "EpisodeOfCare"):
        assert parties(of(joined, type_, SECOND)) == {"managingOrganization": theirs}
    assert of(joined, "EpisodeOfCare", SECOND)["status"] == "active"
    assert parties(of(joined, "Task", SECOND)) == {"requester": theirs, "owner": f"Organization/{HOSPITAL}"}
    assert {custodian for found in stored(joined).values() for *_, custodian in found} == {FIRST, SECOND}

    assert parties(of(joined, "EpisodeOfCare", FIRST)) == {"managingOrganization": ours}
    assert of(joined, "EpisodeOfCare", FIRST)["status"] == "cancelled"
    assert of(joined, "Consent", FIRST)["status"] == "inactive"
    assert of(joined, "ServiceRequest", FIRST)["status"] == "revoked"
    (asked,) = [one for one in kept(joined, "Task", HOSPITAL) if one["status"] == "requested"]
    assert parties(asked) == {"requester": theirs, "owner": f"Organization/{HOSPITAL}"}
    assert kept(joined, "Patient", HOSPITAL) == [], "of the new keeper's referral it has accepted nothing yet"


def test_a_case_that_comes_back_is_kept_by_whom_it_came_back_to(joined: Command, tool: Primero) -> None:
    pulled(joined)
    (before,) = kept(joined, "EpisodeOfCare")
    for organization in (SECOND, FIRST):
        tool.edit(only(tool), owned_by_agency_id=AGENCIES[organization])
        pulled(joined)
        pulled(joined, SECOND)
    assert (of(joined, "EpisodeOfCare", FIRST)["id"], of(joined, "EpisodeOfCare", FIRST)["status"]) == (
        before["id"],
        "active",
    )
    assert of(joined, "EpisodeOfCare", SECOND)["status"] == "cancelled"


def test_another_worker_of_the_same_agency_changes_nothing_that_is_stored(joined: Command, tool: Primero) -> None:
    pulled(joined)
    before = stored(joined)
    tool.edit(only(tool), owned_by="cw_other")
    pulled(joined)
    assert stored(joined) == before


@pytest.mark.parametrize(
    ("language", "said"),
    [("ar", "لا يحدد هذا الاتصال رمز مؤسستكم"), ("fr", "ne dit pas le code"), ("en", "does not say the code")],
)
def test_the_check_of_a_connection_warns_where_it_does_not_say_its_agency(
    hub: Command, tool: Primero, language: str, said: str
) -> None:
    (hub.home / "secrets").mkdir(exist_ok=True)
    (hub.home / "secrets" / "primero").write_text(tool.password, "utf-8")
    with Served(tool).running() as served:
        text = CONNECTION.format(organization=FIRST, url=served.url, agency="")
        (hub.home / "connections" / "ours.yaml").write_text(text.replace("  agency: \n", ""), "utf-8")
        checked = hub("connection", "check", "ours", language=language)
    assert checked.exit_code in {0, 3}, checked.output
    assert said in " ".join(checked.stdout.split())
