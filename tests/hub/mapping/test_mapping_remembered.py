"""What a mapping remembers of cells changes nothing of what it says."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub import mapping
from hub.mapping import Context
from hub.mapping.remembered import LIMIT, Remembered
from hub.ports import Place, SourceRecord

CONTEXT = Context("association-anwar", lambda text: text.strip() or None, date(2026, 11, 23))
EXAMPLES = sorted(Path(str(files("mappings"))).glob("*/*/examples/*.input.json"))
CONTENTS = [("/".join(one.parts[-4:-2]), json.loads(one.read_text("utf-8"))) for one in EXAMPLES]
FORMS = {reference: mapping.load(reference) for reference, _ in CONTENTS}
FRESH = {}


def told(form: mapping.Mapping, content: dict, context: Context = CONTEXT):
    mapped = form.forward(SourceRecord(form.kinds[0], "1", "1", content, Place(row=1)), context)
    drafts = [{"local": one.local, "identity": one.identity, "resource": one.resource} for one in mapped.drafts]
    return json.dumps(
        [drafts, [[issue.text, issue.path, dict(issue.params)] for issue in mapped.issues]], sort_keys=True
    )


def alone(number: int) -> str:
    """What an example says in a mapping that has read nothing before."""
    if number not in FRESH:
        reference, content = CONTENTS[number]
        FRESH[number] = told(mapping.load(reference), content)
    return FRESH[number]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, len(CONTENTS) - 1), min_size=2, max_size=12))
def test_a_record_says_the_same_whatever_was_read_before_it(numbers):
    for number in numbers:
        reference, content = CONTENTS[number]
        assert told(FORMS[reference], content) == alone(number)


def test_a_record_that_says_less_gets_nothing_of_the_one_before_it():
    reference, content = next(one for one in CONTENTS if one[0] == "spreadsheet/register-fr")
    form = FORMS[reference]
    for name in content:
        less = {key: value for key, value in content.items() if key != name}
        told(form, content)
        assert told(form, less) == told(mapping.load(reference), less)


def test_another_day_or_another_keeper_reads_anew():
    form = mapping.load("spreadsheet/register-fr")
    content = {"case_number": "1", "visit_date": "12/03/2026", "survivor_code": "A-1", "request": "juridique"}
    said = told(form, content)
    assert "date-future" in told(form, content, Context("association-anwar", str, date(2026, 1, 1)))
    assert "Organization/other" in told(form, content, Context("other", str, date(2026, 11, 23)))
    assert told(form, content) == said


def test_an_organisation_that_the_directory_learns_of_is_known_with_the_next_record():
    known: dict[str, str] = {}
    context = Context("association-anwar", known.get, date(2026, 11, 23))
    form = mapping.load("spreadsheet/register-fr")
    content = {"case_number": "1", "visit_date": "12/03/2026", "request": "juridique", "referred_to": "CHU Atlas"}
    assert "organization-unknown" in told(form, content, context)
    known["CHU Atlas"] = "chu-atlas"
    assert "Organization/chu-atlas" in told(form, content, context)


def test_what_is_remembered_has_an_end():
    asked = []
    found = Remembered(lambda value: asked.append(value) or value + 1)
    assert [found[1], found[1]] == [2, 2] and asked == [1]
    for value in range(3 * LIMIT):
        assert found[value] == value + 1
        assert len(found) <= LIMIT


def test_what_is_remembered_shows_nothing_of_it():
    found = Remembered(str.upper)
    assert found["nadia"] == "NADIA"
    assert "nadia" not in repr(found).lower()
