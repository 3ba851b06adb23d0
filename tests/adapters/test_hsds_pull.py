"""Services as directories list them: pages, changes, what vanishes, and what must not be believed."""

import json
import random
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hsds import adapter
from adapters.hsds.records import Reader
from adapters.replay import Served
from hub import mapping
from hub.errors import AdapterError, Fatal, Retriable
from hub.mapping import Context
from hub.ports import Complete, Place, Present, SourceRecord, Watermark
from hub.texts import LANGUAGES, say
from tests.adapters.test_kit_hsds import DirectoryCase
from tests.support.budget import examples
from tests.support.hsds import ServiceDirectory, connection, place, service, term

FORM = mapping.load("hsds/directory")
CONTEXT = Context("association", lambda text: "chu-ibn-zohr", DirectoryCase.today)
SHELTER = [term("safe_house_service")]


@pytest.fixture
def directory():
    with Served(ServiceDirectory([service(f"s-{number}") for number in range(1, 8)])).running() as server:
        yield server


@pytest.fixture
def pull(directory, tmp_path):
    def read(since=None, **asked):
        return list(adapter.pull(connection(directory.url, tmp_path, **asked), since))

    return read


def ids(pulled):
    return [one.id for one in pulled if isinstance(one, SourceRecord)]


def content(one, **asked):
    at = connection("http://127.0.0.1", None, **asked)
    return Reader(at).record(one).content


# what is asked
def test_it_pages_through_all_services(directory, pull):
    assert ids(pull()) == [f"s-{number}" for number in range(1, 8)]
    assert [one.query["page"] for one in directory.stand_in.asked] == ["1", "2", "3", "4"]


def test_a_server_may_give_smaller_pages_than_were_asked_for(directory, pull, monkeypatch):
    monkeypatch.setattr("tests.support.hsds.LARGEST", 3)
    assert len(ids(pull(page_size=1000))) == 7


def test_only_what_was_modified_after_the_last_pull_is_asked_for(directory, pull):
    *_, reached = pull()
    directory.stand_in.edit("s-2", name="Permanence")
    directory.stand_in.asked.clear()
    assert ids(pull(reached)) == ["s-2"]
    asked = directory.stand_in.asked
    assert all("modified_after" in one.query or one.query["per_page"] == "1" for one in asked)


def test_a_service_that_says_no_time_of_change_makes_every_pull_a_full_one(directory, pull):
    del directory.stand_in.services[3]["last_modified"]
    *_, reached = pull()
    directory.stand_in.services[3]["name"] = "Sans date"
    assert ids(pull(reached)) == ["s-4"]


def test_the_same_instant_is_not_lost_between_two_pulls(directory, pull):
    *_, reached = pull()
    directory.stand_in.services[0]["name"] = "Changé au même instant"
    assert ids(pull(reached)) == ["s-1"]


# what vanishes
def test_vanished_services_are_told_of_only_after_a_full_pass(directory, pull):
    *_, reached = pull()
    directory.stand_in.edit("s-2", name="Permanence")
    assert not any(isinstance(one, Complete) for one in pull(reached))
    directory.stand_in.delete("s-3")
    told = pull(reached)
    assert any(isinstance(one, Complete) for one in told)
    (present,) = [one for one in told if isinstance(one, Present)]
    assert "s-3" not in present.ids and len(present.ids) == 6


def test_one_gone_and_one_new_at_once_are_both_noticed(directory, pull):
    *_, reached = pull()
    directory.stand_in.delete("s-3")
    directory.stand_in.add(service("s-9"))
    told = pull(reached)
    assert ids(told) == ["s-9"] and any(isinstance(one, Complete) for one in told)


def test_a_page_that_shifts_while_it_is_turned_lets_nothing_vanish(directory, pull):
    """A service of the first page goes while the second is asked for: the third service is then on no page that is read."""
    *_, reached = pull()
    stand_in, list_ = directory.stand_in, directory.stand_in.services
    stand_in.delete("s-7")
    before = stand_in.list

    def shifting(asked):
        answer = before(asked)
        if asked.query["page"] == "1" and "modified_after" not in asked.query and asked.query["per_page"] != "1":
            stand_in.delete("s-1")
            stand_in.add(service("s-10"))
        return answer

    stand_in.list = shifting
    told = pull(reached)
    assert list_ and "s-3" in {id_ for one in told if isinstance(one, Present) for id_ in one.ids}


def test_a_server_that_does_not_count_proves_nothing_gone(directory, pull):
    before = directory.stand_in.list
    directory.stand_in.list = lambda asked: _without(before(asked), "total_items")
    told = pull()
    assert len(ids(told)) == 7 and not any(isinstance(one, Complete) for one in told)
    issues = list(adapter.check(connection(directory.url, None)))
    assert [issue.text for issue in issues] == ["adapters.hsds-uncounted"]


def _without(answer, name):
    return type(answer)(answer.status, {key: value for key, value in answer.body.items() if key != name})


def test_a_server_that_never_says_last_page_ends_with_the_first_empty_one(directory, pull):
    before = directory.stand_in.list
    directory.stand_in.list = lambda asked: _without(before(asked), "last_page")
    assert len(ids(pull())) == 7


def test_a_server_that_asks_to_wait_is_waited_for(directory, pull):
    directory.stand_in.limit(2, 30)
    with pytest.raises(Retriable) as busy:
        pull()
    assert busy.value.after


# what must not enter
@pytest.mark.parametrize(
    "code", ["shelter", "safe_house_service", "women-shelters", "centre d'hébergement", "دار الإيواء"]
)
def test_the_place_of_a_shelter_is_left_behind(code):
    said = content(service(attributes=[term(code)]))
    assert "places" not in said
    assert "Orangers" not in str(said) and "33.57" not in str(said)


def test_a_directory_may_call_shelters_by_a_word_of_its_own():
    one = service(attributes=[term("dar_amane")])
    assert "places" in content(one)
    assert "places" not in content(one, shelter_codes=["dar amane"])


@pytest.mark.parametrize("type_", ["redacted", "virtual", "postal", None])
def test_only_physical_places_are_told(type_):
    one = service(service_at_locations=[{"id": "x", "location": place(location_type=type_)}])
    assert "places" not in content(one)


def several(*numbers):
    """A service at so many places."""
    said = [{"id": f"x-{n}", "location": place(id=f"pl-{n}", name=f"Antenne {n}")} for n in numbers]
    return service(service_at_locations=said)


def test_a_service_at_several_places_tells_all_of_them_each_once():
    told = content(several(1, 2, 3, 2))["places"]
    assert [one["places/name"] for one in told] == ["Antenne 1", "Antenne 2", "Antenne 3"]
    of_all = mapped(several(1, 2, 3))
    (listed,) = [one.resource["location"] for one in of_all if one.local == "service"]
    assert sorted(one["reference"] for one in listed) == sorted(f"draft:{one.local}" for one in of_all[:-1])


def test_a_place_stays_the_same_place_whichever_others_come_and_go():
    before = {one.resource["name"]: one.local for one in mapped(several(1, 2)) if one.local != "service"}
    after = {one.resource["name"]: one.local for one in mapped(several(3, 2)) if one.local != "service"}
    assert before["Antenne 2"] == after["Antenne 2"] and before["Antenne 1"] not in after.values()


def test_of_several_places_those_that_are_withheld_are_left_behind():
    one = several(1, 2)
    one["service_at_locations"][0]["location"]["location_type"] = "redacted"
    assert [place_["places/name"] for place_ in content(one)["places"]] == ["Antenne 2"]
    assert "Antenne 1" not in str(content(one))


def mapped(one):
    record = SourceRecord("service", "s-1", "1", content(one), Place(record="s-1"))
    return FORM.forward(record, CONTEXT).drafts


def test_contacts_are_not_read():
    one = service(contacts=[{"id": "c", "name": "Zineb El Fassi", "email": "z@example.org"}])
    assert "Zineb" not in str(content(one))


@pytest.mark.parametrize(
    "settings_", [{"url": "ftp://x"}, {"url": "http://[x"}, {"shelter_codes": "x"}, {"shelter_codes": [1]}]
)
def test_settings_that_cannot_work_are_for_a_person(pull, settings_):
    with pytest.raises(Fatal):
        pull(**settings_)


def test_an_address_that_anyone_on_the_way_could_answer_for_is_refused(pull):
    with pytest.raises(Fatal) as refused:
        pull(url="http://annuaire.example")
    assert refused.value.text == "adapters.hsds-insecure"


def test_two_services_without_id_are_set_aside_and_the_others_come(directory, pull):
    for one in directory.stand_in.services[:2]:
        del one["id"]
        one["name"] = f"Sans numéro {id(one)}"
    records = [one for one in pull() if isinstance(one, SourceRecord)]
    assert [bool(one.issues) for one in records] == [True, True, False, False, False, False, False]


def test_an_id_in_a_path_leads_nowhere_else(directory, pull):
    directory.stand_in.services[0]["id"] = "../organizations?x=1#y"
    *_, reached = pull()
    directory.stand_in.services.pop(0)
    pull(reached)
    assert directory.stand_in.asked[-1].path == "/hsds/services/../organizations?x=1#y"


# whatever comes
MARK = "Zineb El Fassi"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(MARK),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(service())), inner, max_size=4),
    max_leaves=12,
)


def mutated(one, chance, junk):
    """A service with some of its values, at whatever depth, exchanged or taken away."""
    one = deepcopy(one)
    for _ in range(chance.randint(1, 4)):
        at = one
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = chance.choice(keys)
            if isinstance(at[key], dict | list) and chance.random() < 0.7:
                at = at[key]
                continue
            at[key] = junk
            break
    return one


@given(st.randoms(use_true_random=False), JSON)
@settings(max_examples=examples(150, 3000), deadline=None)
def test_whatever_a_service_says_it_is_a_record_and_no_message_names_anybody(chance: random.Random, junk):
    one = mutated(service(name=MARK, phones=[{"id": "p", "number": MARK}]), chance, junk)
    record = Reader(connection("http://127.0.0.1", None)).record(one)
    assert record.id and json.dumps(dict(record.content))
    mapped = FORM.forward(record, CONTEXT)
    for issue in mapped.issues:
        assert all(MARK not in say(issue.text, language, **issue.params) for language in LANGUAGES)


@given(JSON | st.dictionaries(st.sampled_from(["contents", "total_items", "last_page"]), JSON))
@settings(max_examples=examples(25, 300), deadline=None)
def test_whatever_a_server_answers_is_read_or_refused(body):
    stand_in = ServiceDirectory([])
    stand_in.list = lambda asked: _answer(body)
    with Served(stand_in).running() as server:
        try:
            told = list(adapter.pull(connection(server.url, None), Watermark("[]")))
        except AdapterError as problem:
            assert MARK not in str(problem.params)
        else:
            assert all(MARK not in repr(one) for one in told if isinstance(one, SourceRecord))


def _answer(body):
    from adapters.replay import Answer  # noqa: PLC0415

    whole = isinstance(body, dict) and isinstance(body.get("contents"), list)
    return Answer(200, body | {"last_page": True} if whole else body)


def test_a_record_stands_for_itself_alone():
    record = SourceRecord("service", "1", "1", content(service()), Place(record="1"))
    assert {draft.local.partition(":")[0] for draft in FORM.forward(record, CONTEXT).drafts} == {"place", "service"}
