"""The examples beside each mapping are what it promises: golden tests, conformance, privacy, and the way back."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance import validate
from hub.fhir.folding import fold
from hub.fhir.references import slots
from hub.mapping import Context, available, load
from hub.ports import Place, SourceRecord
from hub.texts import LANGUAGES, say

ROOT = Path(str(files("mappings")))
EXAMPLES = sorted(ROOT.glob("*/*/examples/*.input.json"))
DIRECTORY = {
    fold(name): id_
    for id_, names in {
        "chu-ibn-zohr": ("chu-ibn-zohr", "مستشفى ابن زهر"),
        "cellule-tpi-casablanca": ("cellule-tpi-casablanca", "Cellule du tribunal", "خلية التكفل بالمحكمة"),
    }.items()
    for name in names
}
CONTEXT = Context(
    "association-anwar",
    lambda text: DIRECTORY.get(fold(text)),
    date(2026, 11, 23),
    usual_service={"chu-ibn-zohr": "medical"}.get,
)
MAPPINGS = {reference: load(reference) for reference in available()}
ANSWERS = {one.id for mapping in MAPPINGS.values() for one in mapping.answers.values()}
"""They speak of a resource that is there: alone, what they say is no whole one."""
IDENTIFYING = ("full_name", "cin", "phone", "address", "remarks", "birth_date", "identite/nom", "identite/telephone")


def mapping_of(example):
    return MAPPINGS["/".join(example.parts[-4:-2])]


def record(mapping, content, headers=None):
    return SourceRecord(mapping.kinds[0], "1", "1", content, Place(row=1), headers=headers or {})


def forward(mapping, content):
    return mapping.forward(record(mapping, content), CONTEXT)


def named(example):
    return "/".join(example.parts[-4:-2]) + ":" + example.name.removesuffix(".input.json")


def nested(told):
    """Columns as `back` names them, as a submission nests them: `references[1]/service` into its repeat."""
    content = {}
    for name, text in told.items():
        if "[" not in name:
            content[name] = text
            continue
        repeat, _, rest = name.partition("[")
        position, _, inner = rest.partition("]")
        items = content.setdefault(repeat, [])
        while len(items) < int(position):
            items.append({})
        items[int(position) - 1][repeat + inner] = text
    return content


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_an_example_gives_what_stands_beside_it(example):
    mapped = forward(mapping_of(example), json.loads(example.read_text("utf-8")))
    found = {
        "drafts": [{"local": d.local, "identity": d.identity, "resource": d.resource} for d in mapped.drafts],
        "issues": [{"severity": i.severity, "text": i.text, "column": i.column, "path": i.path} for i in mapped.issues],
    }
    assert found == json.loads(Path(str(example).replace(".input.", ".expected.")).read_text("utf-8"))


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_what_is_not_blocked_conforms_to_its_profiles(example):
    mapped = forward(mapping_of(example), json.loads(example.read_text("utf-8")))
    if any(issue.blocks for issue in mapped.issues) or mapping_of(example).id in ANSWERS:
        return
    types = {draft.local: draft.resource["resourceType"] for draft in mapped.drafts}
    for draft in mapped.drafts:
        resource = json.loads(json.dumps(draft.resource)) | {"id": "example"}
        for slot in slots(resource):
            kind, _, local = slot["reference"].partition(":")
            if kind == "draft":
                slot["reference"] = f"{types[local]}/example"
        assert validate(resource) == ()


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_no_issue_holds_a_value_of_an_identifying_column(example):
    content = json.loads(example.read_text("utf-8"))
    secrets = [str(content[name]) for name in IDENTIFYING if content.get(name)]
    for issue in forward(mapping_of(example), content).issues:
        for language in LANGUAGES:
            sentence = say(issue.text, language, **issue.params)
            assert issue.column in sentence
            assert not [secret for secret in secrets if secret in sentence]


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_an_example_survives_the_way_back_and_forth(example):
    mapping = mapping_of(example)
    once = forward(mapping, json.loads(example.read_text("utf-8")))
    if any(issue.blocks for issue in once.issues):
        return
    resources = {draft.local: draft.resource for draft in once.drafts}
    again = forward(mapping, nested(mapping.back(resources, CONTEXT)))
    assert not [issue for issue in again.issues if issue.blocks]
    told = {draft.local: draft.resource for draft in again.drafts}
    assert set(told) == set(resources)
    for local, resource in resources.items():
        assert lossless(told[local]) == lossless(resource)


def lossless(resource):
    """Without what no mapping promises to bring back: the perpetrators' items of a survey and the hours of a service, which
    repeat as elements only."""
    kept = [c for c in resource.get("component", []) if not c["code"]["coding"][0]["code"].startswith("perpetrator-")]
    return {**resource, "component": kept, "availableTime": []}


# --- laws on rows that registers could hold --------------------------------------------------------------------------

DAYS = st.dates(date(2025, 1, 2), date(2026, 11, 22))
SERVICES = ("écoute", "juridique", "médical", "hébergement", "psychologique")
FRENCH_ROWS = st.fixed_dictionaries(
    {
        "visit_date": DAYS.map(lambda day: f"{day:%d/%m/%Y}"),
        "survivor_code": st.from_regex(r"[A-Z]{3}-[0-9]{1,4}(/2025)?", fullmatch=True),
    },
    optional={
        "case_number": st.from_regex(r"[0-9]{1,4}", fullmatch=True),
        "full_name": st.text(st.characters(categories=["L"]), min_size=2, max_size=30),
        "phone": st.from_regex(r"06[0-6][0-9]{7}( / 05223[0-9]{5})?", fullmatch=True),
        "safe_to_call": st.sampled_from(["oui", "non"]),
        "age": st.sampled_from(["24", "~30", "25-30", "18+", "mineure", "majeure"]),
        "birth_date": st.sampled_from(["1990", "12/03/1985", "05/1999"]),
        "province": st.sampled_from(["Rabat", "Salé", "الدار البيضاء"]),
        "milieu": st.sampled_from(["urbain", "قروي"]),
        "marital_status": st.sampled_from(["mariée", "divorcée", "أرملة"]),
        "children": st.integers(0, 12).map(str),
        "violence_types": st.lists(
            st.sampled_from(["physique", "psychologique", "économique", "juridique", "expulsion"]),
            min_size=1,
            unique=True,
        ).map(" et ".join),
        "incident_date": st.sampled_from(["2025", "03/2025", "12/03/2025"]),
        "request": st.lists(st.sampled_from(SERVICES), min_size=1, unique=True).map(", ".join),
        "service_given": st.lists(st.sampled_from(SERVICES), min_size=1, unique=True).map(" + ".join),
        "referral": st.tuples(
            DAYS, st.sampled_from(["très urgent", "urgent", "normal"]), st.sampled_from(["oui", "non", "refuse", ""])
        ),
        "remarks": st.text(st.characters(categories=["L"]), min_size=2, max_size=30),
    },
)


def row(drawn):
    """A drawn row as content; a referral brings its recipient, its consent and at least one request."""
    content = {key: text for key, text in drawn.items() if key != "referral"}
    if "referral" in drawn:
        day, urgency, consent = drawn["referral"]
        written = f"{day:%d/%m/%Y}"
        content |= {
            "referred_to": "Cellule du tribunal",
            "referral_date": written,
            "urgency": urgency,
            "consent": consent,
        }
        content |= {"consent_date": written} if consent == "oui" else {}
        content.setdefault("request", "juridique")
    return content


@settings(max_examples=60, deadline=None)
@given(FRENCH_ROWS.map(row))
def test_what_a_row_says_is_said_again_by_its_resources(content):
    mapping = MAPPINGS["spreadsheet/register-fr"]
    once = forward(mapping, content)
    assert once.issues == ()
    resources = {draft.local: draft.resource for draft in once.drafts}
    told = mapping.back(resources, CONTEXT)
    again = forward(mapping, told)
    assert again.issues == ()
    assert unordered({draft.local: draft.resource for draft in again.drafts}) == unordered(resources)


def unordered(resources):
    """Components in an order of their own: which word of a cell came first says nothing."""
    return {
        local: {**resource, "component": sorted(resource.get("component", []), key=json.dumps)}
        for local, resource in resources.items()
    }


@settings(max_examples=60, deadline=None)
@given(FRENCH_ROWS.map(row))
def test_consent_is_written_only_for_a_yes_with_recipient_and_date(content):
    drafts = {draft.local: draft.resource for draft in forward(MAPPINGS["spreadsheet/register-fr"], content).drafts}
    assert ("consent" in drafts) == (content.get("consent") == "oui" and "referred_to" in content)
    if "consent" in drafts:
        assert drafts["consent"]["provision"]["period"]["end"] > drafts["consent"]["provision"]["period"]["start"]
        recipients = [p["actor"][0]["reference"]["reference"] for p in drafts["consent"]["provision"]["provision"]]
        assert recipients == ["Organization/cellule-tpi-casablanca"]
    if content.get("consent") == "refuse":
        assert not [one for one in drafts.values() if one["resourceType"] == "ServiceRequest" and "performer" in one]


@settings(max_examples=40, deadline=None)
@given(FRENCH_ROWS.map(row), st.data())
def test_no_cell_makes_a_record_raise(content, data):
    name = data.draw(st.sampled_from(sorted(content)))
    content[name] = data.draw(
        st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.none(), st.booleans(), st.dates())
    )
    forward(MAPPINGS["spreadsheet/register-fr"], content)


# --- identity, headers, follow-up ------------------------------------------------------------------------------------

FRENCH = MAPPINGS["spreadsheet/register-fr"]
KOBO = MAPPINGS["kobo/intake"]


def identity(content, organization="association-anwar"):
    context = Context(organization, CONTEXT.find_organization, CONTEXT.today)
    return FRENCH.forward(record(FRENCH, content), context).drafts[0].identity


def test_a_survivor_seen_twice_in_a_year_is_one_survivor():
    first = identity({"visit_date": "03/04/2026", "survivor_code": "12"})
    assert first == identity({"visit_date": "07/09/2026", "survivor_code": "12/2026"})
    assert first != identity({"visit_date": "03/04/2025", "survivor_code": "12"})
    assert first != identity({"visit_date": "03/04/2026", "survivor_code": "12"}, "association-autre")


def test_an_issue_names_the_column_as_the_source_spells_it_and_the_element():
    headers = {"birth_date": "Née en", "visit_date": "Le"}
    content = {"visit_date": "03/04/2026", "survivor_code": "1", "birth_date": "31/02/1990"}
    (issue,) = FRENCH.forward(record(FRENCH, content, headers), CONTEXT).issues
    assert (issue.column, issue.path, issue.text) == ("Née en", "Patient.birthDate", "mapping.date-impossible")
    assert "31/02/1990" not in str(issue)


def test_a_missing_required_cell_stops_the_record():
    (issue,) = forward(FRENCH, {"survivor_code": "1"}).issues
    assert (issue.text, issue.column, issue.blocks) == ("mapping.required", "visit_date", True)


def test_a_cell_that_is_a_number_or_a_date_reads_as_its_text():
    content = {"visit_date": date(2026, 4, 3), "survivor_code": 7.0, "children": 2.0, "phone": 612345678.0}
    mapped = forward(FRENCH, content)
    assert mapped.issues == ()
    assert mapped.drafts[0].resource["telecom"][0]["value"] == "+212612345678"
    assert mapped.drafts[0].identity.endswith("|7/2026")


def test_a_referral_without_a_named_service_is_not_lost_silently():
    content = {"visit_date": "03/04/2026", "survivor_code": "1", "referred_to": "cellule-tpi-casablanca"}
    (issue,) = forward(FRENCH, content).issues
    assert (issue.text, issue.blocks) == ("mapping.need-missing", True)
    assert forward(FRENCH, {**content, "referred_to": "chu-ibn-zohr"}).issues == ()  # which has a usual one


def test_what_the_association_gave_itself_is_not_referred():
    content = {
        "visit_date": "03/04/2026",
        "survivor_code": "1",
        "request": "écoute, médical",
        "service_given": "écoute",
    }
    drafts = forward(FRENCH, content | {"referred_to": "chu-ibn-zohr"}).drafts
    referred = [draft.local for draft in drafts if "performer" in draft.resource and draft.local.startswith("need:")]
    assert referred == ["need:medical"]


def task(status, **more):
    return {"resourceType": "Task", "status": status, "lastModified": "2026-06-12T23:30:00.000+00:00", **more}


def coded(slice_, value, system="referral-outcome", kind="task-output"):
    base = "https://ihala.example/fhir/CodeSystem/"
    return {
        "type": {"coding": [{"system": base + kind, "code": slice_}]},
        "valueCodeableConcept": {"coding": [{"system": base + system, "code": value}]},
    }


def test_the_outcome_of_a_referral_goes_back_in_the_language_of_the_register():
    done = task("completed", output=[coded("outcome", "service-provided")])
    assert FRENCH.back({"task": done}, CONTEXT) == {
        "referral_status": "réalisée, clôturée",
        "referral_status_date": "13/06/2026",
        "referral_outcome": "Service rendu",
    }
    arabic = MAPPINGS["spreadsheet/register-ar"].back({"task": done}, CONTEXT)
    assert arabic["referral_status"] == "منجزة، مغلقة"
    assert arabic["referral_outcome"] == "قُدمت الخدمة"


def test_a_refusal_goes_back_with_its_reason():
    base = "https://ihala.example/fhir/CodeSystem/referral-status-reason"
    refused = task("rejected", statusReason={"coding": [{"system": base, "code": "no-capacity"}]})
    assert FRENCH.back({"task": refused}, CONTEXT)["referral_outcome"] == "Plus de capacité d'accueil"


def test_an_appointment_goes_back_with_its_hour_in_morocco():
    type_ = {"coding": [{"system": "https://ihala.example/fhir/CodeSystem/task-output", "code": "appointment"}]}
    accepted = task("accepted", output=[{"type": type_, "valueDateTime": "2026-07-01T09:00:00+00:00"}])
    assert KOBO.back({"task": accepted}, CONTEXT)["suivi/rendez_vous"] == "2026-07-01 10:00"
    assert KOBO.back({"task": accepted}, CONTEXT)["suivi/statut_reference"] == "acceptee"


def test_several_referrals_of_a_record_are_told_apart_by_their_service():
    tasks = {
        "task:1": task("accepted", input=[coded("service-type", "medical", "service-type", "task-input")]),
        "task:2": task("requested", input=[coded("service-type", "legal", "service-type", "task-input")]),
    }
    told = KOBO.back(tasks, CONTEXT)["suivi/statut_reference"]
    assert told == "Soins médicaux: acceptee | Assistance juridique: envoyee"


def test_follow_up_columns_are_never_read():
    content = {"visit_date": "03/04/2026", "survivor_code": "1", "referral_status": "n'importe quoi"}
    assert forward(FRENCH, content).issues == ()
