"""She says in one source what may not be shared with anybody, by kind of data: that holds against what another source permits,
in whatever order they are read, and until she says otherwise."""

import dataclasses
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import mapping
from hub.exchange import change
from hub.exchange.receipt import Receipt
from hub.exchange.receive import receive
from hub.fhir import Resource
from hub.fhir.references import reference
from hub.mapping.problems import MappingError
from hub.ports import SourceRecord, Stored
from tests.support.association import HOSPITAL, Scene, association, hospital
from tests.support.consents import asked, permit, provision

CLOSING = """
extends: spreadsheet/register-fr
id: spreadsheet/closing
version: "1.0.0"
title: {en: Closing, fr: Fermante, ar: مغلقة}
columns:
  share_medical: {headers: {fr: [Partager les données médicales]}, transform: answer, words: {"yes": [oui], "no": [non], declined: []}}
  share_story: {headers: {fr: [Partager ce qui s'est passé]}, transform: answer, words: {"yes": [oui], "no": [non], declined: []}}
resources:
  - local: closed-medical
    profile: consent-by-class
    when: {all: [{equals: {share_medical: "no"}}, {present: visit_date}]}
    elements:
      status: {constant: active}
      patient: {draft: patient}
      dateTime: {column: visit_date, direction: forward}
      performer: {draft: patient}
      organization: {organization: custodian}
      policyRule: {constant: "http://terminology.hl7.org/CodeSystem/v3-ActCode#OPTIN"}
      provision.provision:
        elements:
          type: {constant: deny}
          class: {constant: [data-class#health]}
  - local: closed-story
    profile: consent-by-class
    when: {all: [{equals: {share_story: "no"}}, {present: visit_date}]}
    elements:
      status: {constant: active}
      patient: {draft: patient}
      dateTime: {column: visit_date, direction: forward}
      performer: {draft: patient}
      organization: {organization: custodian}
      policyRule: {constant: "http://terminology.hl7.org/CodeSystem/v3-ActCode#OPTIN"}
      provision.provision:
        elements:
          type: {constant: deny}
          class: {constant: [data-class#incident-summary]}
"""

QUIET = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def form(tmp_path: Path) -> mapping.Mapping:
    path = tmp_path / "mapping.yaml"
    path.write_text(CLOSING, "utf-8")
    return mapping.load(str(path))


Read = Callable[..., Receipt]
HER = "S-7"


@pytest.fixture
def closing(at: Scene, form: mapping.Mapping) -> Read:
    """The other source: a form that asks what may be shared, and refers her to nobody."""

    def read(unsaid: tuple[str, ...] = (), who: str = HER, **cells: str | None) -> Receipt:
        said = {"referred_to": None, "urgency": None, "consent": None, "consent_date": None, "visit_date": "03/05/2026"}
        row = row_of(at, "9", who, **(said | cells))
        other = dataclasses.replace(at.connection, id=f"form-{who}")
        row = dataclasses.replace(row, version=f"{row.version}{unsaid}", unsaid=unsaid)
        return receive([row], other, form, hub=at.hub)

    return read


def row_of(at: Scene, id_: str, who: str, **cells: str | None) -> SourceRecord:
    return at.row(id_, **{"case_number": f"{id_}-{who}", "survivor_code": who, "cin": None, **cells})


def register(at: Scene, who: str = HER, **cells: str | None) -> Receipt:
    """Of the register, which refers her with her consent."""
    connection = dataclasses.replace(at.connection, id=f"register-{who}")
    return receive([row_of(at, "1", who, **cells)], connection, at.form, hub=at.hub)


def kept(at: Scene, who: str = HER) -> Sequence[Stored]:
    person = next(one["id"] for one in at.all("Patient") if who in str(one["identifier"]))
    return list(at.store.compartments([person])[person].documents)


def open_to_hospital(at: Scene, who: str = HER) -> set[str]:
    """The classes of which anything of hers is open to it now."""
    now = at.clock.now()
    keys = (key for one in kept(at, who) for key in one.keys if key.since <= now < key.until)
    return {key.grant.rpartition("|")[2] for key in keys if key.grant.startswith(f"{HOSPITAL}|COC|")}


def record(at: Scene, root: Resource) -> Resource:
    patient = reference(at.all("Patient")[0])
    rest = next(one for one in at.all("Consent"))
    whole = {name: value for name, value in rest.items() if name not in {"id", "meta", "extension"}}
    said = asked(whole | {"patient": {"reference": patient}, "performer": [{"reference": patient}]})
    return change.create(said | {"dateTime": "2026-05-20", "provision": root}, association(), hub=at.hub)  # type: ignore[return-value]


def accepted(at: Scene) -> None:
    at.move(next(one for one in at.all("Task")), "accepted", hospital())


@pytest.mark.parametrize("first", ["yes", "no"])
def test_a_class_that_one_source_closes_is_closed_whatever_another_permits(
    at: Scene, closing: Read, first: str
) -> None:
    acts = [lambda: register(at), lambda: closing(share_story="non")]
    for act in acts if first == "yes" else reversed(acts):
        assert act().rejected == ()
    accepted(at)
    assert open_to_hospital(at) >= {"core", "safe-contact", "needs-and-services"}
    assert "incident-summary" not in open_to_hospital(at)


def test_it_is_closed_to_who_works_with_it_already_and_that_one_is_told(at: Scene, closing: Read) -> None:
    register(at)
    accepted(at)
    assert "incident-summary" in open_to_hospital(at)
    closing(share_story="non")
    assert "incident-summary" not in open_to_hospital(at)
    assert len(at.all("Communication")) == 1


@pytest.mark.parametrize("order", list(permutations(("yes", "no", "later"))))
def test_medical_data_stay_closed_though_a_consent_of_a_later_day_permits_them(
    at: Scene, closing: Read, order: tuple[str, ...]
) -> None:
    """A no to a kind of data is no answer to one referral: it ends where she takes it back."""
    acts = {
        "yes": lambda: register(at),
        "no": lambda: closing(share_medical="non"),
        "later": lambda: record(at, provision(exceptions=[permit(HOSPITAL, ["core", "health"])])),
    }
    if order[0] == "later":
        register(at, referred_to=None, urgency=None, consent=None, consent_date=None)
        register(at)
    for name in order:
        acts[name]()
    accepted(at)
    assert "core" in open_to_hospital(at)
    assert "health" not in open_to_hospital(at)
    closing(share_medical="oui")
    assert "health" in open_to_hospital(at)


@pytest.mark.parametrize(
    "edit",
    [
        {"remarks": "Elle a rappelé."},
        {"visit_date": "hier"},
        {"share_story": "peut-être"},
        {"unsaid": ("share_story",), "share_story": None},
    ],
)
def test_a_record_that_cannot_be_read_any_more_opens_nothing_that_it_closed(
    at: Scene, closing: Read, edit: dict[str, str]
) -> None:
    register(at)
    accepted(at)
    closing(share_story="non")
    closing(**({"share_story": "non"} | edit))
    assert "incident-summary" not in open_to_hospital(at)


@QUIET
@given(st.lists(st.sampled_from(["yes", "edited", "no", "again", "aside", "unclear"]), min_size=2, max_size=6))
def test_after_any_course_of_reading_a_class_that_was_closed_and_never_opened_is_closed(
    at: Scene, closing: Read, course: list[str]
) -> None:
    who = f"S-{at.hub.ids.new()[:8].upper()}"
    acts: dict[str, Callable[[], Receipt]] = {
        "yes": lambda: register(at, who),
        "edited": lambda: register(at, who, remarks="Elle a rappelé."),
        "no": lambda: closing(who=who, share_story="non"),
        "again": lambda: closing(who=who, share_story="non", remarks="Elle a rappelé."),
        "aside": lambda: closing(who=who, share_story="non", visit_date="hier"),
        "unclear": lambda: closing(who=who, share_story="peut-être"),
    }
    acts["no"]()
    for name in course:
        acts[name]()
    for task in (one.resource() for one in kept(at, who) if one.type == "Task"):
        if task["status"] == "requested":
            at.move(task, "accepted", hospital())
    assert "incident-summary" not in open_to_hospital(at, who)


@pytest.mark.parametrize(
    ("column", "written"),
    [
        (
            "share_medical",
            CLOSING.replace(
                'words: {"yes": [oui], "no": [non], declined: []}}\n  share_story',
                'words: {"yes": [oui], "no": [non], declined: []}, on_error: warn}\n  share_story',
            ),
        ),
        ("visit_date", CLOSING.replace("columns:\n", "columns:\n  visit_date: {on_error: warn}\n")),
    ],
)
def test_a_mapping_in_which_a_cell_that_cannot_be_read_would_end_a_no_is_refused(
    tmp_path: Path, column: str, written: str
) -> None:
    assert written != CLOSING
    path = tmp_path / "warns" / "mapping.yaml"
    path.parent.mkdir()
    path.write_text(written, "utf-8")
    with pytest.raises(MappingError) as refused:
        mapping.load(str(path))
    assert {(one.text, one.params["column"]) for one in refused.value.issues} == {
        ("mapping.check-closing-warns", column)
    }


def test_a_column_on_which_no_no_hangs_may_warn(tmp_path: Path) -> None:
    path = tmp_path / "warns" / "mapping.yaml"
    path.parent.mkdir()
    path.write_text(CLOSING.replace("columns:\n", "columns:\n  violence_types: {on_error: warn}\n"), "utf-8")
    assert mapping.load(str(path)).id == "spreadsheet/closing"


def test_an_answer_that_cannot_be_read_keeps_closed_what_she_closed(at: Scene, closing: Read) -> None:
    closing(share_story="non")
    register(at)
    at.move(at.one("Task"), "accepted", hospital())
    assert "core" in open_to_hospital(at) and "incident-summary" not in open_to_hospital(at)
    assert closing(share_story="plutôt non").rejected
    assert "incident-summary" not in open_to_hospital(at)
    closing(share_story="oui")
    assert "incident-summary" in open_to_hospital(at)
