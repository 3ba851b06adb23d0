"""A no that stands in a record keeps the day on which it was said, however often the record is read, and whatever else of it changes."""

import dataclasses
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import mapping
from hub.consent.refusals import refused_on
from hub.exchange.receipt import Receipt
from hub.exchange.receive import receive
from hub.fhir import Resource
from tests.support.association import Scene

COUNTED = """
extends: spreadsheet/register-fr
id: spreadsheet/counted
version: "1.0.0"
title: {en: Counted, fr: Comptée, ar: محتسبة}
columns:
  may_be_counted: {headers: {fr: [Statistiques]}, transform: answer, words: {"yes": [oui], "no": [non], declined: []}}
resources:
  - local: counted
    profile: statistics-consent
    when: {all: [{equals: {may_be_counted: "yes"}}, {present: visit_date}]}
    elements:
      status: {constant: active}
      patient: {draft: patient}
      dateTime: {column: visit_date, direction: forward}
      performer: {draft: patient}
      organization: {organization: custodian}
      policyRule: {constant: "http://terminology.hl7.org/CodeSystem/v3-ActCode#OPTIN"}
      category: {constant: "http://loinc.org#59284-0"}
      provision.type: {constant: permit}
      provision.class[data-class]: {constant: data-class#statistics}
      provision.period.start: {column: visit_date, direction: forward}
"""
"""A register that asks, too, whether she may be counted: another question, whose answers say nothing of a referral."""

DAY = timedelta(days=1)
EDITS: tuple[dict[str, Any], ...] = (
    {"remarks": "Elle a rappelé."},
    {"phone": "0699999999"},
    {"may_be_counted": "oui"},
    {"may_be_counted": "non"},
    {"consent_date": "hier"},
    {"consent_date": None},
    {"unsaid": ("consent_date",)},
    {"unsaid": ("consent", "consent_date")},
    {"visit_date": "hier"},
)
QUIET = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def counting(at: Scene, tmp_path: Path) -> Scene:
    path = tmp_path / "mapping.yaml"
    path.write_text(COUNTED, "utf-8")
    return dataclasses.replace(at, form=mapping.load(str(path)))


def no(at: Scene, who: str = "S-7", unsaid: tuple[str, ...] = (), **cells: str | None) -> Receipt:
    """She came on the third of May, and does not agree."""
    said = {"visit_date": "03/05/2026", "consent": "non", "consent_date": None, **cells}
    if "consent" in unsaid:
        said["consent"] = None
    row = at.row("9", case_number=f"no-{who}", survivor_code=who, cin=None, **said)
    version = f"{row.version}{unsaid}"
    paper = dataclasses.replace(at.connection, id=f"paper-{who}")
    return receive([dataclasses.replace(row, version=version, unsaid=unsaid)], paper, at.form, hub=at.hub)


def yes(at: Scene, day: str, who: str = "S-7") -> Receipt:
    row = at.row("1", case_number=f"yes-{who}", survivor_code=who, cin=None, consent_date=day)
    return receive([row], dataclasses.replace(at.connection, id=f"register-{who}"), at.form, hub=at.hub)


def hers(at: Scene, who: str) -> list[Resource]:
    person = next(one["id"] for one in at.all("Patient") if who in str(one["identifier"]))
    return [one.resource() for one in at.store.compartments([person])[person].documents]


def stands(at: Scene, who: str = "S-7") -> tuple[str, str]:
    """Of the need that she refuses: since when, and how its referral stands."""
    kept = hers(at, who)
    (need,) = [one for one in kept if one["resourceType"] == "ServiceRequest" and one["authoredOn"] == "2026-05-03"]
    (state,) = [
        one["status"]
        for one in kept
        if one["resourceType"] == "Task" and one["focus"]["reference"] == f"ServiceRequest/{need['id']}"
    ]
    return refused_on(need), str(state)


@QUIET
@given(
    asked=st.sampled_from([None, "02/05/2026", "05/05/2026"]),
    edits=st.lists(st.sampled_from(EDITS), min_size=1, max_size=5),
)
def test_whatever_else_of_its_record_changes_a_no_keeps_its_day_and_cancels_nothing(
    counting: Scene, asked: str | None, edits: list[dict[str, Any]]
) -> None:
    who = f"S-{counting.hub.ids.new()[:8].upper()}"
    no(counting, who, consent_date=asked)
    said, _ = stands(counting, who)
    assert said == ("2026-05-05" if asked == "05/05/2026" else "2026-05-03")
    yes(counting, "06/05/2026", who)
    assert stands(counting, who)[1] == "requested"
    for edit in edits:
        counting.clock.forward(DAY)
        no(counting, who, **({"consent_date": asked} | edit))
        assert stands(counting, who) == (said, "requested"), edit


@pytest.mark.parametrize("order", list(permutations(("no", "edit", "yes"))))
def test_whether_it_is_edited_before_or_after_a_later_yes_is_read_sends_the_same(
    counting: Scene, order: tuple[str, ...]
) -> None:
    acts = {
        "no": lambda: no(counting, may_be_counted="oui"),
        "edit": lambda: no(counting, may_be_counted="oui", remarks="Elle a rappelé."),
        "yes": lambda: yes(counting, "06/05/2026"),
    }
    for act in order:
        acts[act]()
        counting.clock.forward(DAY)
    assert stands(counting) == ("2026-05-03", "requested")


def test_a_no_with_a_day_that_takes_the_place_of_no_answer_was_said_on_that_day(counting: Scene) -> None:
    no(counting, consent=None)
    yes(counting, "06/05/2026")
    no(counting, consent="non", consent_date="05/05/2026")
    assert stands(counting) == ("2026-05-05", "requested")


def test_without_a_day_it_may_have_been_said_until_it_was_found(counting: Scene) -> None:
    no(counting, consent=None)
    yes(counting, "06/05/2026")
    no(counting, consent="non")
    assert stands(counting)[1] == "cancelled"


@pytest.mark.parametrize("aside", [False, True])
def test_a_no_in_the_place_of_a_yes_bears_the_day_on_which_it_was_found_whatever_date_still_stands_beside_it(
    counting: Scene, *, aside: bool
) -> None:
    no(counting, consent="oui", consent_date="03/05/2026", may_be_counted="oui")
    yes(counting, "06/05/2026")
    no(counting, consent_date="03/05/2026", may_be_counted="oui", **({"visit_date": "hier"} if aside else {}))
    found, _ = stands(counting)
    assert found.startswith("2026-06-01T")
    assert stands(counting)[1] == "cancelled"
    counting.clock.forward(DAY)
    no(counting, consent_date="03/05/2026", may_be_counted="oui", remarks="Elle a rappelé.")
    assert stands(counting)[0] == found


def test_a_corrected_day_is_taken_and_so_is_that_of_the_visit_that_a_no_has_its_day_from(counting: Scene) -> None:
    no(counting, consent_date="07/05/2026")
    yes(counting, "06/05/2026")
    assert stands(counting)[1] == "draft"
    no(counting, consent_date="04/05/2026")
    assert stands(counting) == ("2026-05-04", "requested")


def test_an_answer_that_cannot_be_read_takes_no_no_back_also_where_it_stops_no_record(
    at: Scene, tmp_path: Path
) -> None:
    text = 'extends: spreadsheet/register-fr\nid: spreadsheet/warns\nversion: "1.0.0"\ntitle: {en: W, fr: W, ar: W}\n'
    (tmp_path / "mapping.yaml").write_text(f"{text}columns:\n  consent: {{on_error: warn}}\n", "utf-8")
    warning = dataclasses.replace(at, form=mapping.load(str(tmp_path / "mapping.yaml")))
    no(warning)
    before = stands(warning)[0]
    assert before
    at.clock.forward(DAY)
    told = no(warning, consent="illisible")
    assert (told.rejected, len(told.warnings)) == ((), 1)
    assert stands(warning)[0] == before
    yes(warning, "03/05/2026")
    assert stands(warning)[1] == "draft", "what she agreed to before does not send it"
    no(warning, consent="-")
    assert stands(warning)[0] == "", "an empty answer is none, as ever"
