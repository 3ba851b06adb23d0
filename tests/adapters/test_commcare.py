"""What CommCare HQ does that other tools do not: text everywhere, two shapes, a cursor, cases below cases."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.commcare import adapter
from adapters.commcare.cases import case
from adapters.commcare.records import Reader
from adapters.commcare.terms import terms
from adapters.replay import Answer, Served
from hub import mapping
from hub.errors import Fatal, Retriable
from hub.mapping import Context
from hub.ports import Connection, FollowUp, Layout, Place, SourceRecord, Watermark
from tests.support.commcare import KEY, USER, ProjectSpace, populated, referral, survivor

FORM = mapping.load("commcare/casework")
Connect = Callable[..., Connection]


@pytest.fixture
def space() -> ProjectSpace:
    return populated(5)


@pytest.fixture
def connect(space: ProjectSpace, tmp_path: Path) -> Iterator[Connect]:
    with Served(space).running() as served:

        def make(key: str = KEY, **settings: Any) -> Connection:
            asked = {"url": served.url, "domain": "anwar", "user": USER, **settings}
            return Connection("c", "association", "commcare", FORM.id, asked, tmp_path, FORM.layout(), lambda _: key)

        yield make


def records(connection: Connection, since: Watermark | None = None) -> list[SourceRecord]:
    return [one for one in adapter.pull(connection, since) if isinstance(one, SourceRecord)]


def reached(connection: Connection, since: Watermark | None = None) -> Watermark:
    return [one for one in adapter.pull(connection, since) if isinstance(one, Watermark)][-1]


def one_of(found: list[SourceRecord], id_: str) -> SourceRecord:
    (record,) = [one for one in found if one.id == id_]
    return record


def fhir(record: SourceRecord) -> list[Any]:
    assert not record.issues
    mapped = FORM.forward(record, Context("association", lambda text: text, date(2026, 11, 23)))
    assert not [issue for issue in mapped.issues if issue.blocks]
    return [draft.resource for draft in mapped.drafts]


# --- what is done when this is done ------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [False, True])
def test_both_shapes_give_the_same_fhir(connect: Connect, space: ProjectSpace, closed: bool) -> None:
    if closed:
        space.close("survivor-1")
        space.close("referral-1")
    reader = Reader(FORM.layout(), terms(connect()))
    asked = {id_: case(space.cases[id_]) for id_ in ("survivor-1", "referral-1")}
    forwarded = {id_: case(space.forwarded(id_)) for id_ in ("survivor-1", "referral-1")}
    for made in (
        lambda said: reader.survivor(said["survivor-1"]),
        lambda said: reader.referral(said["referral-1"], said["survivor-1"]),
    ):
        assert made(asked) == made(forwarded)
        assert fhir(made(asked)) == fhir(made(forwarded))


def test_429_says_how_long_to_wait(connect: Connect, space: ProjectSpace) -> None:
    space.limit(1, seconds=30)
    with pytest.raises(Retriable) as busy:
        records(connect())
    assert busy.value.text == "adapters.commcare-busy"
    assert busy.value.after is not None and 1 <= busy.value.after <= 30


def test_every_value_is_text_and_a_number_or_a_boolean_is_read_as_its_text(
    connect: Connect, space: ProjectSpace
) -> None:
    """String typing: what an intermediate program made of the text of a property changes nothing."""
    texts = one_of(records(connect()), "survivor-1")
    space.cases["survivor-1"]["properties"] |= {"age": 24, "is_new": True}
    typed = one_of(records(connect()), "survivor-1")
    assert typed.content["survivor/age"] == "24" == texts.content["survivor/age"]
    assert typed.content["survivor/is_new"] == "true"
    assert all(isinstance(value, str) for value in typed.content.values())


def test_an_empty_string_is_unknown_and_not_no(connect: Connect, space: ProjectSpace) -> None:
    for said, expected in (("no", False), ("yes", True), ("", None), ("   ", None)):
        space.save("survivor-1", {"safe_to_call": said})
        patient = fhir(one_of(records(connect()), "survivor-1"))[0]
        extensions = [one["valueBoolean"] for one in patient["telecom"][0].get("extension", ())]
        assert extensions == ([] if expected is None else [expected])


@pytest.mark.parametrize(("consent", "shared"), [("yes", True), ("no", False), ("", False), ("declined", False)])
def test_only_yes_is_a_consent(connect: Connect, space: ProjectSpace, consent: str, shared: bool) -> None:
    space.save("referral-1", {"consent": consent})
    found = fhir(one_of(records(connect()), "referral-1"))
    assert any(one["resourceType"] == "Consent" for one in found) is shared


def test_a_survivor_who_declines_is_referred_to_nobody(connect: Connect, space: ProjectSpace) -> None:
    space.save("referral-1", {"consent": "declined"})
    (need,) = [one for one in fhir(one_of(records(connect()), "referral-1")) if one["resourceType"] == "ServiceRequest"]
    assert "performer" not in need


def test_consent_without_date_or_recipient_is_for_a_person_to_look_at(connect: Connect, space: ProjectSpace) -> None:
    for missing in ("consent_date", "referred_to"):
        space.save("referral-1", {"consent_date": "2026-03-01", "referred_to": "chu-atlas", missing: ""})
        mapped = FORM.forward(one_of(records(connect()), "referral-1"), Context("association", str, date(2026, 11, 23)))
        assert [one.column for one in mapped.issues if one.blocks] == [f"referral/{missing}"]


@pytest.mark.parametrize("relationship", ["child", "extension"])
@pytest.mark.parametrize("name", ["parent", "host", "survivor"])
def test_a_referral_belongs_to_its_survivor_whatever_its_index_is_called(
    connect: Connect, space: ProjectSpace, name: str, relationship: str
) -> None:
    household = {"case_id": "household-1", "case_type": "household", "relationship": "child"}
    index = {"case_id": "survivor-3", "case_type": "survivor", "relationship": relationship}
    space.save("referral-1", indices={"house": household, name: index})
    record = one_of(records(connect()), "referral-1")
    assert record.content["survivor/survivor_code"] == "ANW-0003"


def test_a_referral_that_was_moved_to_another_survivor_is_another_version(
    connect: Connect, space: ProjectSpace
) -> None:
    before = one_of(records(connect()), "referral-1")
    index = {"case_id": "survivor-2", "case_type": "survivor", "relationship": "child"}
    space.save("referral-1", indices={"parent": index})
    assert one_of(records(connect()), "referral-1").version != before.version


# --- the cursor --------------------------------------------------------------------------------------------------------


def test_a_late_index_within_the_overlap_is_still_read(connect: Connect, space: ProjectSpace) -> None:
    since = reached(connect())
    survivor(space, 50)
    late = space.cases["survivor-50"]
    late["indexed_on"] = space.cases["survivor-5"]["indexed_on"]  # the clock of the other server is slow
    assert [one.id for one in records(connect(), since)] == ["survivor-50"]


def test_pages_are_followed_to_their_end_and_no_more_than_5000_are_asked_for(
    connect: Connect, space: ProjectSpace
) -> None:
    assert len(records(connect(page_size=2))) == 10
    assert {one.query["limit"] for one in space.asked if "limit" in one.query} == {"2"}
    with pytest.raises(Fatal) as refused:
        records(connect(page_size=5001))
    assert refused.value.text == "adapters.commcare-page-size"


def test_a_change_of_the_mapping_reads_everything_again(connect: Connect) -> None:
    since = reached(connect())
    assert records(connect(), since) == []
    assert len(records(connect(zone="Europe/Paris"), since)) == 10


def test_an_older_copy_has_a_lower_revision(connect: Connect, space: ProjectSpace) -> None:
    before = one_of(records(connect()), "survivor-1")
    space.save("survivor-1", {"age": "25"})
    after = one_of(records(connect()), "survivor-1")
    assert before.revision is not None and after.revision is not None and before.revision < after.revision


def test_a_day_is_counted_where_the_work_is_done_also_at_ramadan(connect: Connect, space: ProjectSpace) -> None:
    """Morocco is an hour ahead of UTC, and not at Ramadan (18 February to 19 March 2026)."""
    for opened, day in (("2026-03-10T23:30:00.000000Z", "2026-03-10"), ("2026-04-10T23:30:00.000000Z", "2026-04-11")):
        space.save("survivor-1", date_opened=opened)
        assert one_of(records(connect()), "survivor-1").content["survivor/date_opened"] == day


def test_a_link_to_another_host_is_not_followed(connect: Connect, space: ProjectSpace) -> None:
    space.order(
        Answer(200, {"matching_records": 1, "cases": [], "next": "https://elsewhere.example/a/anwar/?cursor=x"})
    )
    with pytest.raises(Fatal) as refused:
        records(connect())
    assert refused.value.text == "adapters.commcare-other-host"


def test_pages_that_lead_in_a_circle_end(connect: Connect, space: ProjectSpace) -> None:
    circle = f"{connect().settings['url']}/a/anwar/api/case/v2/?cursor=x"
    space.order(Answer(200, {"matching_records": 1, "cases": [], "next": circle}), times=5)
    with pytest.raises(Retriable):
        records(connect())


@pytest.mark.parametrize(
    "settings",
    [
        {"domain": "a/b"},
        {"domain": ""},
        {"user": ""},
        {"url": "ftp://x"},
        {"zone": "Mars/Base"},
        {"referral_type": "survivor"},
    ],
)
def test_settings_that_cannot_work_are_refused(connect: Connect, settings: dict[str, str]) -> None:
    with pytest.raises(Fatal) as refused:
        records(connect(**settings))
    assert refused.value.text == "adapters.commcare-settings"


def test_the_key_is_never_sent_in_the_clear(connect: Connect) -> None:
    with pytest.raises(Fatal) as refused:
        records(connect(url="http://hq.example"))
    assert refused.value.text == "adapters.commcare-insecure"


# --- writing back ------------------------------------------------------------------------------------------------------


def test_a_need_of_the_survivors_own_case_gets_a_referral_case_below_it_once(
    connect: Connect, space: ProjectSpace
) -> None:
    record = one_of(records(connect()), "survivor-1")
    for status in ("acceptee", "realisee", "realisee"):
        adapter.push(connect(), [FollowUp("task-7", record.handle, {"referral/referral_status": status})])
    (made,) = [one for one in space.cases.values() if one["external_id"] == "ihala-task-7"]
    assert made["case_type"] == "referral"
    assert made["indices"]["parent"] == {"case_id": "survivor-1", "case_type": "survivor", "relationship": "child"}
    assert made["properties"] == {"referral_status": "realisee"}
    assert made["owner_id"] == "a-worker"
    assert "inventé" not in str(made)


def test_a_referral_case_that_the_hub_made_is_not_read_as_a_new_referral(connect: Connect) -> None:
    found = records(connect())
    adapter.push(connect(), [FollowUp("task-7", one_of(found, "survivor-1").handle, {"referral/referral_status": "x"})])
    assert [one.id for one in records(connect())] == [one.id for one in found]


def test_what_is_written_is_text(connect: Connect, space: ProjectSpace) -> None:
    record = one_of(records(connect()), "referral-2")
    adapter.push(
        connect(), [FollowUp("task-1", record.handle, {"referral/messages_waiting": "2", "referral/urgency": "no"})]
    )
    assert space.cases["referral-2"]["properties"]["messages_waiting"] == "2"
    assert space.cases["referral-2"]["properties"]["urgency"] == "24h"  # not the hub's to write


def test_other_names_for_types_of_case_need_no_other_mapping(connect: Connect, space: ProjectSpace) -> None:
    space.cases.clear()
    survivor(space, 1)
    space.save("survivor-1", case_type="client")
    referral(space, 1, 1)
    space.save(
        "referral-1", case_type="orientation", indices={"parent": {"case_id": "survivor-1", "case_type": "client"}}
    )
    found = records(connect(survivor_type="client", referral_type="orientation"))
    assert [(one.kind, one.id) for one in found] == [("survivor", "survivor-1"), ("referral", "referral-1")]
    assert found[1].content["survivor/survivor_code"] == "ANW-0001"


# --- what forms and people do ------------------------------------------------------------------------------------------


def test_a_survivor_without_a_name_is_a_patient_without_a_name_whatever_the_case_is_called(
    connect: Connect, space: ProjectSpace
) -> None:
    space.save("survivor-1", {"full_name": ""}, case_name="Nom inventé 1")
    patient = fhir(one_of(records(connect()), "survivor-1"))[0]
    assert "name" not in patient
    assert "inventé" not in str(patient)


def test_where_a_case_is_on_a_map_stays_behind_in_both_shapes(connect: Connect, space: ProjectSpace) -> None:
    space.save("survivor-1", {"gps": "33.573110 -7.589843 0.0 5.0", "province": "rabat"})
    record = one_of(records(connect()), "survivor-1")
    assert record.content["survivor/province"] == "rabat" and "33.57" not in str(record.content)
    assert "gps" not in case(space.forwarded("survivor-1")).properties


def test_a_property_that_is_blank_is_not_said(connect: Connect, space: ProjectSpace) -> None:
    space.save("survivor-1", {"safe_to_call": "", "province": "   "})
    assert not {"survivor/safe_to_call", "survivor/province"} & one_of(records(connect()), "survivor-1").content.keys()


def test_a_code_that_the_mapping_does_not_know_waits_for_a_person(connect: Connect, space: ProjectSpace) -> None:
    for id_, name in (("survivor-1", "violence_types"), ("referral-2", "service"), ("referral-3", "unknown_property")):
        space.save(id_, {name: "une_reponse_nouvelle"})
    found = {one.id: one for one in records(connect())}
    context = Context("association", str, date(2026, 11, 23))
    said = {id_: [one for one in FORM.forward(found[id_], context).issues if one.blocks] for id_ in found}
    assert [one.column for one in said["survivor-1"]] == ["survivor/violence_types"]
    assert [one.column for one in said["referral-2"]] == ["referral/service"]
    assert [one.column for one in said["referral-1"]] == ["survivor/violence_types"]  # it comes with her case as it is
    assert said["referral-3"] == []


def test_no_in_a_mapping_file_is_a_word_and_not_false() -> None:
    """YAML reads an unquoted no as false: then "no" would be an answer that nobody knows."""
    for column in ("survivor/safe_to_call", "referral/consent"):
        assert not [one for one in mapping.check(FORM.id) if one.column == column]
    record = SourceRecord(
        "survivor", "1", "1", {"survivor/survivor_code": "A-1", "survivor/safe_to_call": "no"}, Place()
    )
    issues = FORM.forward(record, Context("association", str, date(2026, 11, 23))).issues
    assert "survivor/safe_to_call" not in {one.column for one in issues}


def test_an_association_with_other_names_of_properties_says_only_what_differs(
    connect: Connect, space: ProjectSpace, tmp_path: Path
) -> None:
    own = tmp_path / "commcare" / "ours"
    own.mkdir(parents=True)
    said = "extends: commcare/casework\nid: commcare/ours\ncolumns:\n  survivor/province: {headers: {fr: [survivor/ville]}}\n"
    (own / "mapping.yaml").write_text(said, "utf-8")
    form = mapping.load("commcare/ours", search=[tmp_path])
    space.cases["survivor-1"]["properties"].pop("province")
    space.save("survivor-1", {"ville": "rabat"})
    record = one_of(records(replace(connect(), layout=form.layout())), "survivor-1")
    patient = form.forward(record, Context("association", str, date(2026, 11, 23))).drafts[0].resource
    assert patient["address"][0]["state"] == "MA-RAB"


def test_whose_case_it_is_is_read_only_where_the_mapping_names_it(connect: Connect, space: ProjectSpace) -> None:
    said, how = space.forwarded("survivor-1") | {"owner_id": "trainers"}, terms(connect())
    asked = Reader(Layout({"owner": ("survivor/owner_id",)}), how).survivor(case(said))
    assert asked.content["owner"] == "trainers"
    assert "trainers" not in str(dict(Reader(FORM.layout(), how).survivor(case(said)).content))
