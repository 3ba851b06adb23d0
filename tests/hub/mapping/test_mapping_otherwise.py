"""What a cell means that says nothing (`otherwise`), an answer that nobody understands (`unclear`), and a recipient in the words of
a register (`words`): docs/mapping-format.md, docs/adr/0082."""

from datetime import date
from pathlib import Path

import pytest

from hub.directory.organizations import Entry, Names
from hub.mapping import Context, check, load
from hub.ports import Place, SourceRecord

DIRECTORY = Names(
    [
        Entry("police-station", "police", {"fr": "Commissariat"}, "MA-CAS", services=("security",)),
        Entry(
            "hospital",
            "hospital-unit",
            {"fr": "Hôpital"},
            "MA-CAS",
            services=("psychosocial", "medical"),
            usual_service="medical",
        ),
        Entry("association", "association", {"fr": "Association"}, "MA-CAS", services=("legal", "shelter")),
        Entry("office", "ministry", {"fr": "Bureau"}, "MA-CAS"),
    ]
)
CONTEXT = Context("association", DIRECTORY.find, date(2026, 11, 23), usual_service=DIRECTORY.usual_service)
REGISTER = load("spreadsheet/register-fr")
ROW = {"visit_date": "16/03/2026", "case_number": "7", "consent": "oui", "consent_date": "16/03/2026"}


def mapped(content, mapping=REGISTER, **told):
    return mapping.forward(SourceRecord("row", "1", "1", {**ROW, **content}, Place(row=1), **told), CONTEXT)


def needs(content, mapping=REGISTER):
    return {
        one.local: (one.resource["status"], (one.resource.get("performer") or [{}])[0].get("reference"))
        for one in mapped(content, mapping).drafts
        if one.resource["resourceType"] == "ServiceRequest"
    }


def of_mine(tmp_path: Path, columns: str):
    folder = tmp_path / "spreadsheet" / "mine"
    folder.mkdir(parents=True)
    text = f"extends: spreadsheet/register-fr\nid: spreadsheet/mine\nversion: '1'\ncolumns:\n{columns}"
    (folder / "mapping.yaml").write_text(text, "utf-8")
    return [tmp_path]


@pytest.mark.parametrize(
    ("to", "service"), [("Commissariat", "security"), ("Hôpital", "medical"), ("hospital", "medical")]
)
@pytest.mark.parametrize("said", ["", "-", None])
def test_a_row_that_says_only_whom_she_is_sent_to_asks_for_the_service_that_is_meant(to, service, said):
    found = mapped({"referred_to": to, "request": said})
    assert found.issues == ()
    assert needs({"referred_to": to, "request": said}) == {
        f"need:{service}": ("active", f"Organization/{DIRECTORY.find(to)}")
    }


@pytest.mark.parametrize("to", ["Association", "Bureau"])
def test_of_several_services_or_none_nobody_guesses_one(to):
    found = mapped({"referred_to": to})
    assert [(one.severity, one.text) for one in found.issues] == [("error", "mapping.need-missing")]


def test_what_the_row_says_counts_before_what_is_usual():
    assert [*needs({"referred_to": "Hôpital", "request": "psychologique"})] == ["need:psychosocial"]


def test_without_a_recipient_nothing_is_asked_for():
    assert needs({"referred_to": ""}) == {}


def test_a_recipient_that_a_record_could_not_tell_leaves_its_needs_as_they_are():
    assert mapped({}, unsaid=("referred_to",)).is_untold("need:medical")
    assert not mapped({}).is_untold("need:medical")


def test_the_day_of_the_visit_may_be_that_of_her_agreement(tmp_path):
    mine = load("spreadsheet/mine", search=of_mine(tmp_path, "  consent_date: {otherwise: visit_date}\n"))
    content = {"consent_date": "", "referred_to": "Hôpital"}
    (consent,) = [one.resource for one in mapped(content, mine).drafts if one.local == "consent"]
    assert consent["dateTime"] == "2026-03-16"
    (said,) = [
        one.resource for one in mapped({**content, "consent_date": "17/03/2026"}, mine).drafts if one.local == "consent"
    ]
    assert said["dateTime"] == "2026-03-17"


def test_an_agreement_without_a_day_counts_for_nothing_and_stops_no_row_where_no_column_could_tell_it(tmp_path):
    mine = load("spreadsheet/mine", search=of_mine(tmp_path, "  consent_date: {on_error: warn}\n"))
    content = {"consent_date": "", "referred_to": "Hôpital"}
    found = mapped(content, mine)
    assert [(one.severity, one.text) for one in found.issues] == [("warning", "mapping.consent-incomplete")]
    assert not [one for one in found.drafts if one.local == "consent"]
    assert needs(content, mine) == {"need:medical": ("active", "Organization/hospital")}
    assert [one.severity for one in mapped(content).issues] == ["error"]  # where there is one, somebody fills it


@pytest.mark.parametrize("said", ["oui sauf l'adresse", "à revoir", "؟؟"])
def test_an_agreement_that_nobody_understands_is_none_and_no_refusal(said):
    content = {"consent": said, "referred_to": "Hôpital"}
    found = mapped(content)
    assert [(one.severity, one.text) for one in found.issues] == [("warning", "mapping.answer-unknown")]
    assert said not in str(found.issues[0].params)
    assert not REGISTER.says_no(SourceRecord("row", "1", "1", {**ROW, **content}, Place(row=1)), CONTEXT)
    assert not [one for one in found.drafts if one.local == "consent"]
    assert needs(content) == {"need:medical": ("active", "Organization/hospital")}


@pytest.mark.parametrize("said", ["un toit", "سقف"])
def test_a_request_that_nobody_understands_is_told_and_the_recipient_s_service_is_meant(said):
    content = {"referred_to": "Hôpital", "request": said}
    found = mapped(content)
    assert [(one.severity, one.text) for one in found.issues] == [("warning", "mapping.code-unknown")]
    assert [*needs(content)] == ["need:medical"]


def test_a_request_that_nobody_understands_stops_a_row_whose_recipient_gives_several_services():
    found = mapped({"referred_to": "Association", "request": "un toit"})
    assert {one.text for one in found.issues if one.blocks} == {"mapping.code-unknown"}


@pytest.mark.parametrize("said", ["un toit", "psychologique, un toit"])
def test_a_request_that_nobody_understands_and_nobody_was_asked_for_stops_its_row(said):
    """No recipient says what is meant: a need would be lost in silence."""
    assert [one.blocks for one in mapped({"request": said, "referred_to": ""}).issues] == [True]


def test_what_is_understood_of_a_request_counts():
    content = {"referred_to": "Hôpital", "request": "psychologique, un toit"}
    assert [*needs(content)] == ["need:psychosocial"]
    assert [one.severity for one in mapped(content).issues] == ["warning"]


def test_a_register_says_in_its_own_words_what_is_asked_for_and_that_nobody_is_meant(tmp_path):
    columns = (
        '  request: {words: {shelter: [un toit], médical: [certif]}}\n  referred_to: {words: {"-": [écoute seule]}}\n'
    )
    mine = load("spreadsheet/mine", search=of_mine(tmp_path, columns))
    assert [*needs({"request": "UN TOIT, certif, juridique"}, mine)] == ["need:shelter", "need:medical", "need:legal"]
    assert (
        mine.back({"need:shelter": mapped({"request": "un toit"}, mine).drafts[-1].resource}, CONTEXT)["request"]
        != "un toit"
    )
    content = {"referred_to": "Écoute seule", "request": "juridique"}
    assert mapped(content, mine).issues == ()
    assert needs(content, mine) == {"need:legal": ("active", None)}


def test_words_of_one_s_own_come_beside_the_ready_ones(tmp_path):
    mine = load(
        "spreadsheet/mine", search=of_mine(tmp_path, '  consent: {words: {"no": [peut-être], "yes": [wakha]}}\n')
    )
    for said in ("wakha", "signé", "oui"):
        assert [
            one for one in mapped({"consent": said, "referred_to": "Hôpital"}, mine).drafts if one.local == "consent"
        ], said
    assert needs({"consent": "refuse", "referred_to": "Hôpital"}, mine)["need:medical"][1] is None


def test_her_no_stays_her_no():
    (status_and_performer,) = needs({"consent": "refuse", "referred_to": "Hôpital"}).values()
    assert status_and_performer[1] is None


def test_who_may_be_called_only_sometimes_is_called_by_nobody():
    content = {"phone": "0612345678", "safe_to_call": "le matin seulement"}
    found = mapped(content)
    assert [one.severity for one in found.issues] == ["warning"]
    (phone,) = next(one.resource for one in found.drafts if one.local == "patient")["telecom"]
    assert [one["valueBoolean"] for one in phone["extension"]] == [False]


def test_a_register_writes_its_recipients_in_its_own_words(tmp_path):
    columns = '  referred_to: {words: {hospital: [CHU, "hôp. provincial"], Commissariat: [PJ]}}\n'
    mine = load("spreadsheet/mine", search=of_mine(tmp_path, columns))
    assert [
        needs({"referred_to": said}, mine)["need:medical"][1] for said in ("chu", "HOP. PROVINCIAL", "Hôpital")
    ] == ["Organization/hospital"] * 3
    assert needs({"referred_to": "pj"}, mine) == {"need:security": ("active", "Organization/police-station")}
    assert [one.text for one in mapped({"referred_to": "autre"}, mine).issues] == ["mapping.organization-unknown"]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("  request: {otherwise: {service_of: nothing}}\n", "mapping.check-unknown-column"),
        ("  request: {otherwise: {service_of: full_name}}\n", "mapping.check-otherwise"),
        ("  full_name: {otherwise: {service_of: referred_to}}\n", "mapping.check-otherwise"),
        ("  consent_date: {otherwise: full_name}\n", "mapping.check-otherwise"),
        ("  consent_date: {otherwise: [visit_date]}\n", "mapping.check-shape"),
        ("  consent_date: {otherwise: {of: visit_date}}\n", "mapping.check-shape"),
        ("  request: {words: {toit: [un toit]}}\n", "mapping.check-unknown-word"),
        ('  safe_to_call: {unclear: "yes"}\n', "mapping.check-shape"),
        ("  consent: {words: [oui]}\n", "mapping.check-shape"),
        ("  referred_to: {words: {hospital: CHU}}\n", "mapping.check-shape"),
    ],
)
def test_what_cannot_be_meant_so_is_told(tmp_path, columns, problem):
    found = check("spreadsheet/mine", search=of_mine(tmp_path, columns))
    assert problem in {one.text for one in found}


def test_a_file_that_leaves_the_recipient_unread_is_no_mistake(tmp_path):
    found = check("spreadsheet/mine", search=of_mine(tmp_path, "  referred_to: {ignored: true}\n"))
    assert "mapping.check-otherwise" not in {one.text for one in found}


def test_a_header_is_the_column_s_that_one_s_own_file_gives_it_to(tmp_path):
    """Also where that leaves it unread: the mapping that is extended knows it by the same name."""
    columns = (
        "  unmapped_1: {headers: {fr: [AGE, Remarques]}, ignored: true}\n  children: {headers: {fr: [Profession]}}\n"
    )
    headers = load("spreadsheet/mine", search=of_mine(tmp_path, columns)).layout().columns
    assert {one for one, said in headers.items() if "Remarques" in said} == {"unmapped_1"}
    assert "Age" not in headers["age"] and "Tranche d'âge" in headers["age"]
    assert {one for one, said in headers.items() if "Profession" in said} == {"children"}
    assert list(check("spreadsheet/mine", search=[tmp_path])) == []


def test_a_word_of_one_s_own_may_say_nothing(tmp_path):
    columns = '  marital_status: {words: {inconnu: ["?"]}}\n'
    mine = load("spreadsheet/mine", search=of_mine(tmp_path, columns))
    assert mapped({"marital_status": "?"}, mine).issues == ()
