"""Whether a record says that she does not agree to a referral, and when she said so."""

from datetime import date
from pathlib import Path

import pytest

from hub import mapping
from hub.mapping import Context
from hub.ports import Place, SourceRecord

CONTEXT = Context("association-anwar", lambda text: "chu-ibn-zohr", date(2026, 11, 23))

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


def said(**cells: str) -> SourceRecord:
    return SourceRecord("row", "1", "1", cells, Place(row=1))


@pytest.mark.parametrize(
    ("answer", "no"), [("oui", False), ("non", True), ("refuse", False), ("", False), ("peut-être", False)]
)
def test_a_no_is_a_no_and_nothing_else_is(answer: str, no: bool) -> None:
    form = mapping.load("spreadsheet/register-fr")
    assert form.says_no(said(**({"consent": answer} if answer else {})), CONTEXT) is no


def test_the_day_is_that_on_which_she_was_asked_and_one_that_cannot_be_read_is_none() -> None:
    form = mapping.load("spreadsheet/register-fr")
    assert form.asked_on(said(consent="non", consent_date="05/05/2026"), CONTEXT) == ("2026-05-05",)
    assert form.asked_on(said(consent="non", consent_date="12 rajab"), CONTEXT) == ()


def test_who_does_not_wish_to_be_counted_has_not_refused_to_be_referred(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(COUNTED, "utf-8")
    form = mapping.load(str(path))
    assert not form.says_no(said(consent="oui", may_be_counted="non"), CONTEXT)
    assert form.says_no(said(consent="non", may_be_counted="oui"), CONTEXT)
    assert form.asked_on(said(visit_date="01/05/2026", may_be_counted="non"), CONTEXT) == ()
