"""What is unusual about a woman or about a form, and is no mistake."""

import json
import shutil
from collections.abc import Iterable
from datetime import date
from importlib.resources import files

import pytest
import yaml
from openpyxl import Workbook

from adapters.spreadsheet import adapter
from hub import mapping
from hub.conformance import validate
from hub.fhir.masking import redact
from hub.mapping import Context
from hub.ports import Connection, Place, SourceRecord

CONTEXT = Context("association-anwar", lambda text: "chu-ibn-zohr", date(2026, 11, 23))
ROOT = files("mappings")


def forward(form: mapping.Mapping, content: dict[str, str]):
    return form.forward(SourceRecord(form.kinds[0], "1", "1", content, Place(row=1)), CONTEXT)


def example(path: str) -> dict[str, str]:
    return json.loads(ROOT.joinpath(path).read_text("utf-8"))


def patient(drafts: Iterable) -> dict:
    return next(one.resource for one in drafts if one.resource["resourceType"] == "Patient")


@pytest.mark.parametrize(
    ("told", "gender"),
    [("F", "female"), ("M", "male"), ("O", "other"), ("A", "other"), ("U", "unknown"), ("", "unknown")],
)
def test_whoever_is_a_survivor_is_taken_whatever_the_sex(told, gender):
    content = example("hl7v2/ref-i12/examples/new-referral-with-consent.input.json") | {"sex": told}
    mapped = forward(mapping.load("hl7v2/ref-i12"), content)
    assert patient(mapped.drafts)["gender"] == gender
    assert not mapped.issues


@pytest.mark.parametrize(
    "name",
    [
        "fhir/referral",
        "primero/gbvims-plus",
        "spreadsheet/register-detailed",
        "spreadsheet/register-fr",
        "spreadsheet/register-ar",
    ],
)
@pytest.mark.parametrize("gender", ["female", "male", "other", "unknown"])
def test_a_survivor_of_any_sex_is_taken_from_every_tool_that_asks_it(name, gender):
    """Of those that the tool has a word for; two of them every tool has."""
    form = mapping.load(name)
    transform = form._plan.columns["sex"].transform
    meant = {word: transform.forward(word, CONTEXT).value for word in SEXES}
    words = [word for word, value in meant.items() if value and value[0].code == gender]
    assert words or gender in {"other", "unknown"}
    for word in words:
        mapped = forward(form, first_example(name) | {"sex": word})
        assert not blocking(mapped) and patient(mapped.drafts)["gender"] == gender


SEXES = ("female", "male", "other", "unknown", "F", "M", "Féminin", "Masculin", "أنثى", "ذكر")

NAMES = {
    "spreadsheet/register-fr": "full_name",
    "spreadsheet/register-ar": "full_name",
    "kobo/intake": "identite/nom",
    "odk/intake": "identite/nom",
    "commcare/casework": "survivor/full_name",
    "primero/gbvims-plus-instance": "name",
    "hl7v2/ref-i12": "full_name",
    "fhir/referral": "full_name",
}
"""Where each door says what she is called."""


@pytest.mark.parametrize("name", NAMES)
def test_who_is_not_named_is_a_patient_without_a_name_and_goes_by_her_code(name):
    form, column = mapping.load(name), NAMES[name]
    content = {one: told for one, told in first_example(name).items() if one not in {column, "identity_unknown"}}
    assert "name" in patient(forward(form, content | {column: "Nadia Fictive"}).drafts)
    mapped = forward(form, content)
    her = patient(mapped.drafts)
    assert "name" not in her and not blocking(mapped)
    assert her["identifier"] and next(one.identity for one in mapped.drafts if one.resource is her)
    assert not [one for one in validate({"id": "a", **her}) if one.blocks]


def first_example(name: str) -> dict[str, str]:
    folder = ROOT.joinpath(name, "examples")
    for path in sorted(str(one.name) for one in folder.iterdir() if one.name.endswith(".input.json")):
        content = json.loads(folder.joinpath(path).read_text("utf-8"))
        mapped = forward(mapping.load(name), content)
        if any(one.resource["resourceType"] == "Patient" for one in mapped.drafts) and not blocking(mapped):
            return content
    raise AssertionError(f"{name}: no example of a survivor that can be stored")


def blocking(mapped) -> list[str]:
    return [one.text for one in mapped.issues if one.blocks]


@pytest.mark.parametrize(("said", "is_named"), [("Y", False), ("N", True), (None, True)])
def test_of_whom_the_hospital_says_that_she_is_unknown_the_name_is_left_out(said, is_named):
    content = example("hl7v2/ref-i12/examples/new-referral-with-consent.input.json")
    content |= {"full_name": "Nadia Fictive"} | ({"identity_unknown": said} if said else {})
    assert ("name" in patient(forward(mapping.load("hl7v2/ref-i12"), content).drafts)) is is_named


def test_without_a_national_card_nothing_is_missing():
    content = example("spreadsheet/register-fr/examples/referral-with-consent.input.json")
    assert "cin" not in content
    mapped = forward(mapping.load("spreadsheet/register-fr"), content)
    assert not mapped.issues
    kinds = [one["type"]["coding"][0]["code"] for one in patient(mapped.drafts)["identifier"]]
    assert kinds == ["survivor-code"]


def test_a_passport_and_a_residence_permit_are_numbers_of_their_own_kind():
    whole = json.loads(files("profiles").joinpath("examples/valid/survivor--foreign-national.json").read_text("utf-8"))
    kinds = {one["type"]["coding"][0]["code"] for one in whole["identifier"]}
    assert kinds >= {"passport"} and "cin" not in kinds
    passport = next(one for one in whole["identifier"] if one["type"]["coding"][0]["code"] == "passport")
    coding = {**passport["type"]["coding"][0], "code": "residence-permit"}
    permit = {**passport, "type": {"coding": [coding]}, "value": "ZZ-1"}
    assert validate(whole) == ()
    assert validate(whole | {"identifier": [*whole["identifier"], permit]}) == ()


def test_a_passport_and_a_permit_that_a_register_has_a_column_for_are_read(tmp_path):
    own = tmp_path / "spreadsheet" / "ours"
    own.mkdir(parents=True)
    base = yaml.safe_load(ROOT.joinpath("spreadsheet/register-fr/mapping.yaml").read_text("utf-8"))
    (patient_,) = [one for one in base["resources"] if one["local"] == "patient"]
    columns = {}
    for kind in ("passport", "residence-permit"):
        column = kind.replace("-", "_")
        columns[column] = {"headers": {"fr": [f"N° {kind}"]}, "transform": "digits", "compact": True}
        system = f"https://ihala.example/fhir/NamingSystem/{kind}"
        patient_["elements"] |= {
            f"identifier[{kind}].system": {"constant": system},
            f"identifier[{kind}].value": column,
        }
    said = {"extends": "spreadsheet/register-fr", "id": "spreadsheet/ours", "version": "1", "columns": columns}
    (own / "mapping.yaml").write_text(yaml.safe_dump(said | {"resources": [patient_]}, allow_unicode=True), "utf-8")
    form = mapping.load("spreadsheet/ours", search=[tmp_path])
    content = example("spreadsheet/register-fr/examples/referral-with-consent.input.json")
    mapped = forward(form, content | {"passport": "ab 12 34", "residence_permit": "C-77/X"})
    her = patient(mapped.drafts)
    told = {one["type"]["coding"][0]["code"]: one["value"] for one in her["identifier"]}
    assert not blocking(mapped) and told.keys() == {"survivor-code", "passport", "residence-permit"}
    assert told["passport"] == "AB1234"
    assert not [one for one in validate({"id": "a", **her}) if one.blocks]
    seen, _ = redact({"id": "a", **her}, frozenset({"core"}))
    assert "AB1234" not in str(seen) and told["residence-permit"] not in str(seen)


def test_the_same_code_in_another_year_is_another_woman():
    form = mapping.load("spreadsheet/register-fr")
    content = example("spreadsheet/register-fr/examples/referral-with-consent.input.json") | {"survivor_code": "12"}
    one, again, later = (
        forward(form, content | {"visit_date": day}).drafts[0].identity
        for day in ("03/04/2025", "09/06/2025", "03/04/2026")
    )
    assert one == again != later
    assert all("association-anwar" in str(identity) for identity in (one, later))


def test_a_name_is_shown_as_it_was_written_whatever_is_done_to_compare_words():
    form = mapping.load("spreadsheet/register-ar")
    content = example("spreadsheet/register-ar/examples/referral-with-consent.input.json")
    written = "فاطِمة الزهراء إسماعيلي ليلى"
    assert patient(forward(form, content | {"full_name": written}).drafts)["name"] == [{"text": written}]


@pytest.mark.parametrize(
    "told",
    [
        "physique, psychologique et économique",
        "économique, psychologique et physique",
        "psychologique, physique, économique",
    ],
)
def test_of_several_kinds_of_violence_the_one_that_counts_first_is_the_first_in_whatever_order_they_stand(told):
    content = example("spreadsheet/register-fr/examples/referral-with-consent.input.json") | {"violence_types": told}
    drafts = forward(mapping.load("spreadsheet/register-fr"), content).drafts
    incident = next(one.resource for one in drafts if one.local == "incident")
    kinds = [one for one in incident["component"] if one["code"]["coding"][0]["code"] == "violence-type"]
    assert incident["valueCodeableConcept"]["coding"][0]["code"] == "physical-assault"
    assert len(kinds) == 3


@pytest.mark.parametrize("reference", ["hl7v2/ref-i12", "hl7v2/rri-i12", "hl7v2/adt"])
def test_nothing_of_a_caregiver_is_in_any_message_for_a_hospital(reference):
    headers = [one for names in mapping.load(reference).layout().columns.values() for one in names]
    assert headers and not any(one.startswith("NK1") for one in headers)


def test_the_incident_recorder_is_read_under_the_headers_of_each_of_its_editions(tmp_path):
    form = mapping.load("spreadsheet/gbvims-recorder")
    columns = yaml.safe_load(ROOT.joinpath("spreadsheet/gbvims-recorder/mapping.yaml").read_text("utf-8"))["columns"]
    told = example("spreadsheet/gbvims-recorder/examples/referred-and-provided.input.json")
    read = [_under(tmp_path, form, columns, told, language) for language in ("fr", "en", "ar")]
    assert all(record.content == told for record in read)
    assert all(not forward(form, dict(record.content)).issues for record in read)


AS_EXPORTED = {
    "en": {
        "INCIDENT ID": "incident_id", "SURVIVOR CODE": "survivor_code", "DATE OF INTERVIEW": "interview_date",
        "DATE OF INCIDENT": "incident_date", "DATE OF BIRTH": "birth_date", "SEX": "sex",
        "CIVIL / MARITAL STATUS": "marital_status", "INCIDENT TIME OF DAY": "time_of_day", "INCIDENT LOCATION": "place",
        "GBV TYPE": "gbv_type", "SAFE HOUSE/SHELTER": "shelter", "HEALTH/MEDICAL": "medical",
        "PSYCHOSOCIAL": "psychosocial", "LEGAL": "legal", "POLICE": "police", "LIVELIHOODS": "livelihood",
        "CHILD PROTECTION/EDUCATION": "child_protection", "CONSENT GIVEN": "consent",
        "REPORTING AGENCY CODE": "agency_code", "PERSON WITH DISABILITY?": "disability",
        "WANTS LEGAL ACTION?": "wants_legal_action", "REFERRED TO YOU FROM?": "referred_from",
    },
    "fr": {
        "ID de l'incident": "incident_id", "Code du survivant ": "survivor_code", "Date de l'interview ": "interview_date",
        "Date de l'incident ": "incident_date", "Date de naissance": "birth_date", "Sexe": "sex",
        "Situation civil / matrimoniale ": "marital_status", "Moment de l'incident": "time_of_day",
        "Lieu de l'incident": "place", "Type de violence basé sur le genre ": "gbv_type",
        "Sexe du présumé auteur": "perpetrator_sex", "Tranche d’âge du présumé auteur": "perpetrator_age",
        "Relation entre la survivante et le présumé auteur": "perpetrator_relation",
        "Hébergement sûr / Abris": "shelter", "Soins médicaux": "medical", "Appui psychosocial": "psychosocial",
        "Service d'assistance légale": "legal", "Police/ autres acteur de la sécurité": "police",
        "Programme d'appui aux moyens de subsistances": "livelihood",
        "Services Protection de l'enfance et d'éducation": "child_protection", "Consentement obtenu ": "consent",
        "Code de la structure rapportant le cas": "agency_code", "Personne vivant avec un handicap ?": "disability",
        "Pratique traditionnel  néfaste": "traditional_practice", "Type d'enlèvement ": "abduction",
    },
    "ar": {
        "كود  الحادثة": "incident_id", "كود الناجية": "survivor_code", "تاريخ المقابلة": "interview_date",
        "تاريخ الحادثة": "incident_date", "تاريخ الميلاد": "birth_date", "الجنس": "sex",
        "الحالة المدنية / الزوجية ": "marital_status", "الوقت من اليوم الذي وقعت فيه الحادثة": "time_of_day",
        "موقع الحادثة": "place", "نوع العنف القائم على اساس النوع الاجتماعي": "gbv_type",
        "جنس الجاني المزعوم": "perpetrator_sex", "الفئة العمرية للجاني المزعوم": "perpetrator_age",
        "علاقة الجاني المزعوم مع الناجية": "perpetrator_relation", "بيت آمن / مأوى": "shelter",
        "خدمات صحية / طبية": "medical", "خدمات نفسية اجتماعية": "psychosocial", "شخص من ذوي الإعاقة؟": "disability",
        "كود اخصائي الحالة": "case_manager_code",
    },
}  # fmt: skip
"""The headers as the recorder's own exporter spells them, with its spaces and its mistakes, and the column that each of them is:
https://github.com/primeroIMS/primero/tree/main/config/locales/incident_recorder."""


@pytest.mark.parametrize("language", AS_EXPORTED)
def test_the_headers_that_the_incident_recorders_exporter_writes_are_known_as_they_are_spelled(tmp_path, language):
    form, headers = mapping.load("spreadsheet/gbvims-recorder"), AS_EXPORTED[language]
    dates = {"interview_date": "2026-03-12", "incident_date": "2026-03-10", "birth_date": "2001-05-06"}
    cells = {column: dates.get(column, f"cell {number}") for number, column in enumerate(headers.values())}
    book = Workbook()
    book.worksheets[0].title = "Menu Data"
    sheet = book.create_sheet("Incident Data")
    sheet.append(list(headers))
    sheet.append(list(cells.values()))
    book.save(tmp_path / "exported.xlsx")
    to = Connection(
        "c", "association", "spreadsheet", form.id, {"path": "exported.xlsx"}, tmp_path, form.layout(), lambda _: ""
    )
    (record,) = (one for one in adapter.pull(to, None) if isinstance(one, SourceRecord))
    assert {name: record.content.get(name) for name in cells} == cells
    assert set(record.content) == set(cells)


def _under(folder, form, columns, told, language):
    book = Workbook()
    book.worksheets[0].title = "Incident Data"
    book.worksheets[0].append([columns[name]["headers"][language][0] for name in told])
    book.worksheets[0].append(list(told.values()))
    book.save(folder / f"{language}.xlsx")
    connection = Connection(
        "c", "association", "spreadsheet", form.id, {"path": f"{language}.xlsx"}, folder, form.layout(), lambda _: ""
    )
    (record,) = (one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord))
    return record


REGISTER = {"visit_date": "01/05/2026", "case_number": "1", "survivor_code": "S-1"}


@pytest.mark.parametrize(
    "name", ["spreadsheet/register-fr", "spreadsheet/register-ar", "spreadsheet/register-detailed"]
)
@pytest.mark.parametrize(
    ("said", "gender"),
    [("Masculin", "male"), ("ذكر", "male"), ("ولد", "male"), ("F", "female"), ("أنثى", "female"), ("", "female")],
)
def test_a_register_says_the_sex_that_its_column_says_and_of_women_where_it_has_none(name, said, gender):
    mapped = forward(mapping.load(name), REGISTER | ({"sex": said} if said else {}))
    assert patient(mapped.drafts)["gender"] == gender
    assert not mapped.issues


def test_a_word_for_a_sex_that_nobody_knows_is_asked_about_and_nobody_is_taken_for_a_woman():
    mapped = forward(mapping.load("spreadsheet/register-fr"), REGISTER | {"sex": "XY"})
    assert [(one.column, one.blocks) for one in mapped.issues] == [("sex", True)]


def test_a_ready_mapping_says_a_sex_of_its_own_only_where_its_form_asks_none():
    """Or where the answer is empty; `README.md` beside those that ask none says so."""
    always = {}
    for name in mapping.available():
        text = yaml.safe_load(ROOT.joinpath(name, "mapping.yaml").read_text("utf-8"))
        said = [one["elements"].get("gender") for one in text.get("resources", ()) if one["local"] == "patient"]
        if {"constant": "female"} in said:
            always[name] = [one for one in text["columns"] if one.rpartition("/")[2] in {"sex", "sexe", "genre"}]
    assert always == {"kobo/intake": [], "commcare/casework": []}
    for name in always:
        assert "`female`" in ROOT.joinpath(name, "README.md").read_text("utf-8")


@pytest.mark.parametrize(("name", "column"), [("kobo/intake", "identite/sexe"), ("commcare/casework", "survivor/sex")])
def test_a_copy_for_a_form_that_asks_it_is_two_lines_away(tmp_path, name, column):
    folder = tmp_path / "copy"
    shutil.copytree(str(ROOT.joinpath(name)), folder)
    path = folder / "mapping.yaml"
    text = path.read_text("utf-8").replace("gender: {constant: female}", f"gender: {column}")
    path.write_text(
        text.replace("\ncolumns:\n", f"\ncolumns:\n  {column}: {{transform: code, map: register-sex}}\n"), "utf-8"
    )
    form = mapping.load(str(path))
    for said, gender in (("M", "male"), ("Féminin", "female")):
        assert patient(forward(form, first_example(name) | {column: said}).drafts)["gender"] == gender
