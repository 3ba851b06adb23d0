"""ODK Central's own ways: sessions, filters, edits, deletions, purges, encryption, reviews, null and nested answers."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import http_client, odk
from adapters.odk import adapter
from adapters.odk.changes import written
from adapters.odk.submissions import Reader
from adapters.replay import Answer, Served
from hub import mapping, texts
from hub.errors import AdapterError, Fatal, Retriable
from hub.mapping import Context
from hub.ports import Connection, FollowUp, Layout, SourceRecord, Watermark, Withdrawn
from tests.support.doors import package_folder
from tests.support.odk_central import EMAIL, FORM, PASSWORD, PROJECT, Central
from tests.support.odk_submissions import NAME, PHONE, nested

LAYOUT = mapping.load("odk/intake").layout()
BUDGET = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def central():
    return Central()


@pytest.fixture
def connect(central, tmp_path):
    with Served(central).running() as served:

        def make(layout=LAYOUT, **more):
            asked = {"url": served.url, "project": PROJECT, "form": FORM, "page_size": 2, **more}
            secrets = {"email": EMAIL, "password": PASSWORD}
            return Connection("c", "o", "odk", "odk/intake", asked, tmp_path, layout, secrets.__getitem__)

        yield make


def pull(connection, since=None):
    return list(adapter.pull(connection, since))


def records(pulled):
    return [one for one in pulled if isinstance(one, SourceRecord)]


def gone(pulled):
    return [one.id for one in pulled if isinstance(one, Withdrawn)]


def reached(pulled):
    return [one for one in pulled if isinstance(one, Watermark)][-1]


def asked_for(central, path):
    return [one for one in central.asked if one.path.endswith(path)]


# --- sessions
def test_a_token_is_renewed_at_401(connect, central):
    for number in (1, 2, 3):
        central.submit(nested(number))
    pulled = adapter.pull(connect(), None)
    some = [next(pulled)]
    central.end_sessions()
    some += pulled
    assert len({one.id for one in records(some)}) == 3
    assert len(asked_for(central, "/v1/sessions")) == 2


def test_a_token_that_is_refused_again_is_for_a_person(connect, central):
    central.fail(401, after=1)
    central.fail(401, after=1)
    with pytest.raises(Fatal) as refused:
        pull(connect())
    assert refused.value.text == "odk.credentials"


def test_one_session_serves_a_whole_pull(connect, central):
    for number in range(6):
        central.submit(nested(number))
    pull(connect())
    assert len(asked_for(central, "/v1/sessions")) == 1


def test_the_password_goes_with_each_request_where_the_connection_says_so(connect, central):
    central.submit(nested(1))
    assert len(records(pull(connect(auth="basic")))) == 1
    assert not asked_for(central, "/v1/sessions")


def test_neither_token_nor_password_goes_to_another_host(connect, central):
    central.submit(nested(1))
    page = {"value": [], "@odata.nextLink": "https://elsewhere.example/v1/x?$skiptoken=1"}
    central.order(Answer(200, page), after=2)
    with pytest.raises(Fatal) as refused:
        pull(connect())
    assert refused.value.text == "odk.other-host"


def test_a_next_page_that_comes_again_for_ever_is_noticed(connect, central):
    row = {"__id": "uuid:1", "__system": {"submissionDate": "2026-03-12T08:21:00.000Z"}}
    page = {"value": [row], "@odata.nextLink": "?$skiptoken=1"}
    central.order(Answer(200, page), after=2, times=9)
    with pytest.raises(Retriable):
        pull(connect())


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"url": "http://central.example"}, "odk.insecure"),
        ({"url": "central.example"}, "odk.settings"),
        ({"project": "seven"}, "odk.settings"),
        ({"project": True}, "odk.settings"),
        ({"form": ""}, "odk.settings"),
        ({"page_size": 5000}, "odk.page-size"),
        ({"auth": "key"}, "odk.auth"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(connect, central, wrong, text):
    with pytest.raises(Fatal) as refused:
        pull(connect(**wrong))
    assert refused.value.text == text
    assert not central.asked


# --- what is asked
def test_a_filter_is_made_of_moments_only(connect, central):
    """Central does not unescape a doubled quote: nothing that somebody wrote may stand in a filter."""
    id_ = central.submit(nested(1), id_="uuid:o'clock' or '1' eq '1")
    since = reached(pull(connect()))
    central.edit(id_, identite__age=40)
    central.delete(central.submit(nested(2)))
    again = reached(pull(connect(), since))
    central.purge()
    pull(connect(), again)
    filters = [one.query["$filter"] for one in central.asked if "$filter" in one.query]
    assert filters and not any("'" in one for one in filters)


def test_the_identifier_of_a_form_is_encoded_in_the_address(connect, central):
    pull(connect())
    assert asked_for(central, f"/forms/{FORM}.svc/Submissions")
    with pytest.raises(Fatal) as missing:
        pull(connect(form="../../users"))
    assert missing.value.text == "odk.form-missing"


def test_repeats_are_asked_for_and_come_with_the_path_of_their_questions(connect, central):
    central.submit(nested(1))
    (record,) = records(pull(connect()))
    assert record.content["auteurs"] == [{"auteurs/relation": "conjoint"}]
    assert record.content["references"][0]["references/service"] == "medical"


def test_an_edit_that_becomes_visible_late_is_not_missed(connect, central):
    """A change is of the moment at which it began; another that began later can be seen before it."""
    central.submit(nested(1))
    since = reached(pull(connect()))
    late = written(datetime.now(UTC) - timedelta(minutes=2))
    id_ = central.submit(nested(2), submissionDate=late)
    assert [one.id for one in records(pull(connect(), since))] == [id_]


def test_an_edit_during_a_pull_of_what_was_read_already_is_found_by_the_next(connect, central):
    sent = [f"2026-03-12T08:2{number}:00.000Z" for number in range(5)]
    ids = [central.submit(nested(number), submissionDate=moment) for number, moment in enumerate(sent)]
    pulling = adapter.pull(connect(), None)
    some = [next(pulling) for _ in range(4)]
    (read, *_) = records(some)
    central.edit(read.id, identite__age=60)
    some += pulling
    assert {one.id for one in records(some)} == set(ids)
    assert [one.content["identite/age"] for one in records(pull(connect(), reached(some)))] == [60]


def test_a_pull_that_was_interrupted_goes_on_where_it_was_and_misses_no_edit_of_what_it_had_read(connect, central):
    ids = [central.submit(nested(number), submissionDate=f"2026-03-12T08:2{number}:00.000Z") for number in range(6)]
    pulling = adapter.pull(connect(), None)
    some = [next(pulling) for _ in range(3)]
    pulling.close()
    central.edit(ids[0], identite__age=60)
    rest = pull(connect(), reached(some))
    assert ids[0] not in {one.id for one in records(rest)}, "it does not begin anew"
    found = {one.id for one in records([*some, *rest])}
    last = pull(connect(), reached(rest))
    assert found | {one.id for one in records(last)} == set(ids)
    assert any(one.id == ids[0] and one.content["identite/age"] == 60 for one in records(last))


def test_other_settings_or_columns_read_everything_again(connect, central):
    central.submit(nested(1))
    since = reached(pull(connect()))
    other = Layout({"age": ("identite/age",)})
    assert [one.content["age"] for one in records(pull(connect(layout=other), since))] == [31]


# --- edits, deletions, purges
def test_an_edit_is_a_new_version_of_the_same_record(connect, central):
    id_ = central.submit(nested(1))
    before = pull(connect())
    central.edit(id_, identite__age=32)
    (after,) = records(pull(connect(), reached(before)))
    assert after.id == id_ and after.version != records(before)[0].version


def test_a_deletion_is_told_once(connect, central):
    id_ = central.submit(nested(1))
    since = reached(pull(connect()))
    central.delete(id_)
    told = pull(connect(), since)
    assert gone(told) == [id_] and not records(told)
    assert pull(connect(), reached(told)) == []


def test_a_purge_after_thirty_days_is_no_change(connect, central):
    id_ = central.submit(nested(1))
    central.submit(nested(2))
    since = reached(pull(connect()))
    central.delete(id_)
    since = reached(pull(connect(), since))
    central.purge()
    purged = pull(connect(), since)
    assert not records(purged) and not gone(purged)
    assert pull(connect(), reached(purged)) == []


def test_a_submission_that_was_restored_comes_back(connect, central):
    id_ = central.submit(nested(1))
    since = reached(pull(connect()))
    central.delete(id_)
    since = reached(pull(connect(), since))
    central.restore(id_)
    assert [one.id for one in records(pull(connect(), since))] == [id_]


def test_a_server_before_2024_3_tells_of_no_deletion_and_is_read_all_the_same(connect, central):
    central.old = True
    central.submit(nested(1))
    pulled = pull(connect())
    assert len(records(pulled)) == 1 and not gone(pulled)


# --- what a submission says
@pytest.mark.parametrize("status", ["notDecrypted", "missingEncryptedFormData"])
def test_an_encrypted_submission_is_an_error_and_never_an_empty_record(connect, central, status):
    central.submit({}, status=status)
    (record,) = records(pull(connect()))
    assert [(issue.text, issue.blocks) for issue in record.issues] == [("odk.encrypted", True)]


def test_an_answer_of_null_is_absent(connect, central):
    central.submit(nested(1))
    (record,) = records(pull(connect()))
    assert "identite/date_naissance" not in record.content and None not in record.content.values()


def test_groups_in_groups_become_paths(connect, central):
    central.submit({"a": {"b": {"c": 1, "d": None}, "liste": [{"__id": "x", "e": {"f": "2"}}]}})
    (record,) = records(pull(connect(layout=Layout({}))))
    assert record.content == {"a/b/c": 1, "a/liste": [{"a/liste/e/f": "2"}]}


def test_the_same_answers_give_the_same_resources_as_in_kobo(connect, central):
    central.submit(nested(1))
    (record,) = records(pull(connect()))
    flat = {name: value for name, value in record.content.items() if not name.startswith("suivi/")}
    as_kobo = {name: str(value) if isinstance(value, int) else value for name, value in flat.items()}
    context = Context("association", lambda _: "chu-atlas", date(2026, 11, 23))
    ours = mapping.load("odk/intake").forward(record, context)
    theirs = mapping.load("kobo/intake").forward(replace(record, content=as_kobo), context)
    assert [draft.resource for draft in ours.drafts] == [draft.resource for draft in theirs.drafts]
    assert ours.drafts and not ours.issues


def test_a_point_on_a_map_is_not_taken(connect, central):
    central.submit(nested(1))
    (record,) = records(pull(connect()))
    assert "coordinates" not in str(record.content) and "33.57" not in str(record.content)


def test_a_question_whose_name_is_no_odata_name_is_found_as_central_spells_it(connect, central):
    central.submit({"identite": {"n_dossier_": "12", "_2e_visite": "oui"}})
    layout = Layout({"number": ("identite/n-dossier°",), "second": ("identite/2e visite",)})
    (record,) = records(pull(connect(layout=layout)))
    assert record.content == {"number": "12", "second": "oui"}


def test_names_that_central_spells_alike_are_told_of_before_a_pull(connect, central):
    central.fields = [{"path": "/a-b", "name": "a-b"}, {"path": "/a b", "name": "a b"}, {"path": "/c", "name": "c"}]
    (issue,) = adapter.check(connect())
    assert (issue.text, issue.params["questions"], issue.blocks) == ("odk.names-alike", "a b, a-b", False)


def test_nothing_about_the_worker_or_her_telephone_is_taken(connect, central):
    central.submit({"username": "agent1", "deviceid": "imei:1", "meta": {"instanceName": NAME}, "groupe": {"q": "1"}})
    (record,) = records(pull(connect(layout=Layout({}))))
    assert record.content == {"groupe/q": "1"}


def test_who_sent_it_is_read_only_where_the_mapping_names_it_and_makes_no_other_version(connect, central):
    central.submit({"q": "1"})
    (asked,) = records(pull(connect(layout=Layout({"agent": ("__system/submitterName",)}))))
    (unasked,) = records(pull(connect(layout=Layout({}))))
    assert (asked.content, asked.headers["agent"]) == ({"q": "1", "agent": "agent1"}, "__system/submitterName")
    assert (unasked.content, unasked.version) == ({"q": "1"}, asked.version)


# --- reviews
def test_only_what_is_approved_is_read_where_the_connection_says_so(connect, central):
    ids = [central.submit(nested(number)) for number in range(3)]
    central.review(ids[1], "approved")
    first = pull(connect(only_approved=True))
    assert [one.id for one in records(first)] == [ids[1]]
    central.review(ids[2], "approved")
    assert [one.id for one in records(pull(connect(only_approved=True), reached(first)))] == [ids[2]]


@pytest.mark.parametrize("state", ["rejected", "hasIssues"])
def test_what_is_approved_no_longer_is_withdrawn(connect, central, state):
    id_ = central.submit(nested(1))
    central.review(id_, "approved")
    first = pull(connect(only_approved=True))
    central.review(id_, state)
    assert gone(pull(connect(only_approved=True), reached(first))) == [id_]


def test_a_review_is_no_new_version(connect, central):
    id_ = central.submit(nested(1))
    before = pull(connect())
    central.review(id_, "hasIssues")
    (after,) = records(pull(connect(), reached(before)))
    assert after.version == records(before)[0].version


# --- the way back
def told(connection, id_, **values):
    adapter.push(connection, [FollowUp("t", {"submission": id_}, values)])


def test_the_outcome_is_a_comment_and_a_review_state(connect, central):
    id_ = central.submit(nested(1))
    told(connect(), id_, **{"suivi/statut_reference": "refusee", "revue": "hasIssues"})
    assert [one["body"] for one in central.said[id_]] == ["Ihala: statut_reference = refusee"]
    assert central.rows[id_]["__system"]["reviewState"] == "hasIssues"


@pytest.mark.parametrize("state", ["rejected", "edited", "x"])
def test_the_hub_never_rejects_a_submission(connect, central, state):
    id_ = central.submit(nested(1))
    told(connect(), id_, **{"suivi/statut_reference": "refusee", "revue": state})
    assert central.rows[id_]["__system"]["reviewState"] is None


def test_the_hub_does_not_take_from_its_own_sight_what_it_reads(connect, central):
    id_ = central.submit(nested(1))
    central.review(id_, "approved")
    told(connect(only_approved=True), id_, revue="hasIssues", **{"suivi/statut_reference": "refusee"})
    assert central.rows[id_]["__system"]["reviewState"] == "approved"


def test_what_was_said_before_and_is_so_again_is_said_again(connect, central):
    id_ = central.submit(nested(1))
    for status in ("acceptee", "acceptee", "en_suspens", "acceptee"):
        told(connect(), id_, **{"suivi/statut_reference": status})
    assert [one["body"].rpartition(" ")[2] for one in central.said[id_]] == ["acceptee", "en_suspens", "acceptee"]


def test_comments_of_people_are_left_as_they_are(connect, central):
    id_ = central.submit(nested(1))
    central.said[id_] = [{"body": "A appeler", "actorId": 1, "createdAt": "2026-01-01T00:00:00.000Z"}]
    told(connect(), id_, **{"suivi/statut_reference": "acceptee"})
    assert [one["body"] for one in central.said[id_]] == ["A appeler", "Ihala: statut_reference = acceptee"]


# --- the sentences
def test_every_sentence_is_used_and_has_the_same_blanks_in_three_languages():
    files = [*package_folder(odk).glob("*.py"), Path(http_client.__file__)]  # which says one word of a key
    source = "".join(file.read_text("utf-8") for file in files)
    for key, sentence in texts.catalogue("odk").items():
        assert f'"odk.{key}"' in source or f'"{key}"' in source, key
        assert set(sentence) == set(texts.LANGUAGES)
        assert (
            len({tuple(sorted(part[: part.find("}")] for part in text.split("{")[1:])) for text in sentence.values()})
            == 1
        )


# --- anything at all
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20) | st.just("\ud83d"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SYSTEM = st.dictionaries(
    st.sampled_from(["submissionDate", "updatedAt", "status", "reviewState", "edits", "deletedAt"]), VALUES
)


@BUDGET
@given(st.dictionaries(st.sampled_from([*nested(1), "meta", "x"]), VALUES, max_size=5), SYSTEM, st.text(min_size=1))
def test_no_submission_makes_the_door_fall_or_names_anybody(answers, system, id_):
    row = {**nested(1), **answers, "__id": id_, "__system": system}
    for one in Reader(LAYOUT).told(json.loads(json.dumps(row))):
        assert isinstance(one, SourceRecord)
        shown = f"{one!r} {one.issues} {one.version} {dict(one.headers)}"
        assert NAME not in shown and PHONE not in shown
        json.dumps(dict(one.content), ensure_ascii=False).encode()


@BUDGET
@given(data=st.data())
def test_mutated_answers_of_the_server_end_in_an_error_of_the_catalogue_or_in_whole_records(connect, central, data):
    central.forgive()
    central.rows.clear()
    central.submit(nested(1), id_="uuid:1")
    page = json.dumps({"value": list(central.rows.values())})
    at = data.draw(st.integers(0, len(page) - 1))
    cut = data.draw(st.integers(0, 12))
    broken = page[:at] + data.draw(st.text(st.characters(codec="utf-8"), max_size=5)) + page[at + cut :]
    central.order(Answer(200, broken), after=2)
    try:
        found = records(pull(connect()))
    except AdapterError as problem:
        assert NAME not in f"{problem!r}{problem.params}" and PHONE not in f"{problem!r}{problem.params}"
    else:
        assert all(one.id and one.version for one in found)


@BUDGET
@given(st.text() | VALUES.map(json.dumps))
def test_no_watermark_makes_the_door_fall(connect, central, said):
    central.rows.clear()
    central.submit(nested(1))
    assert len(records(pull(connect(), Watermark(said)))) == 1


def test_a_connection_of_another_form_is_not_mistaken_for_this_one(connect):
    with pytest.raises(Fatal):
        pull(replace(connect(), settings={**connect().settings, "project": 8}))
