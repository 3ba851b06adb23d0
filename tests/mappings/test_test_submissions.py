"""What is sent to try a form: the ready intake forms leave it out, and an association says what else does."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from adapters.kobo.submissions import Reader as KoboReader
from adapters.odk.submissions import Reader as OdkReader
from hub import mapping
from hub.mapping import Context, Mapped, Mapping
from hub.ports import SourceRecord

CONTEXT = Context("association-anwar", lambda text: "chu-ibn-zohr", date(2026, 11, 23))
EXAMPLE = files("mappings").joinpath("kobo/intake/examples/two-referrals.input.json")
ANSWERS = json.loads(EXAMPLE.read_text("utf-8"))
SENDER = {"kobo": "_submitted_by", "odk": "__system/submitterName"}


def record(tool: str, form: Mapping, answers: dict[str, Any], sender: str = "agent1") -> SourceRecord:
    """As its server gives a submission."""
    if tool == "kobo":
        return KoboReader(form.layout()).record({"_id": 7, "_uuid": "u", SENDER[tool]: sender, **answers})
    nested: dict[str, Any] = {"__id": "uuid:1", "__system": {"status": None, "submitterName": sender}}
    for path, value in answers.items():
        *groups, name = path.split("/")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    return OdkReader(form.layout()).record(nested)


def forward(tool: str, form: Mapping, sender: str = "agent1", **answers: Any) -> Mapped:
    return form.forward(record(tool, form, ANSWERS | answers, sender), CONTEXT)


@pytest.mark.parametrize("tool", ["kobo", "odk"])
@pytest.mark.parametrize("code", ["TEST-1", "test-ahmed", "Essai-٤", "تجربة-1", "ESSAI-"])
def test_a_submission_whose_code_says_that_it_is_a_test_is_left_out_in_both_tools(tool, code):
    mapped = forward(tool, mapping.load(f"{tool}/intake"), **{"identite/code_survivante": code})
    assert mapped.left_out and not mapped.drafts


@pytest.mark.parametrize("tool", ["kobo", "odk"])
@pytest.mark.parametrize("code", ["AN-0012", "TESTOUR-3", "12", "ES-1"])
def test_any_other_submission_is_taken(tool, code):
    mapped = forward(tool, mapping.load(f"{tool}/intake"), "formation", **{"identite/code_survivante": code})
    assert not mapped.left_out and mapped.drafts


@pytest.mark.parametrize("tool", ["kobo", "odk"])
def test_what_a_trainers_account_sends_is_left_out_where_an_association_says_so(tool, tmp_path: Path):
    own = tmp_path / tool / "ours"
    own.mkdir(parents=True)
    text = f"""extends: {tool}/intake
id: {tool}/ours
version: "1"
columns: {{agent: {{headers: {{fr: [{SENDER[tool]}]}}, ignored: true}}}}
left_out: [{{column: agent, one_of: [formation, demo]}}]
"""
    (own / "mapping.yaml").write_text(text, "utf-8")
    form = mapping.load(f"{tool}/ours", search=[tmp_path])
    assert forward(tool, form, "Formation").left_out
    assert forward(tool, form, **{"identite/code_survivante": "TEST-1"}).left_out
    assert forward(tool, form).drafts
