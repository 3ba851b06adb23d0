"""Every recorded answer becomes resources that conform: the door's content and the mapping's columns are the same."""

import json
from typing import Any

import pytest

from adapters.acceptance.case import Case, read
from adapters.acceptance.quiet import Quiet
from hub import mapping
from hub.conformance import validate
from hub.fhir import Resource
from hub.fhir.references import slots
from hub.mapping import Context, Mapping
from hub.mapping import Mapped as Drafts
from hub.ports import SourceRecord


class Mapped(Quiet):
    """The door beside a mapping that reads it. A door with another mapping for some kind has a case for each."""

    @pytest.fixture
    def form(self, case: Case) -> Mapping:
        return mapping.load(case.mapping, search=case.search)

    def test_the_mapping_is_sound(self, case: Case) -> None:
        assert [issue for issue in mapping.check(case.mapping, search=case.search) if issue.blocks] == []

    def test_every_kind_is_mapped(self, case: Case, form: Mapping) -> None:
        assert set(case.adapter.manifest.kinds) <= set(form.kinds)

    def test_every_recorded_answer_maps_and_conforms(self, case: Case, form: Mapping) -> None:
        context = Context(case.connection().organization, case.find, case.today)
        blocked = set()
        for record in read(case).records:
            said = _said(record, form.forward(record, context))
            if said:
                blocked.add(record.id)
                assert record.id in case.blocked, f"{record.place}: {said}"
        assert blocked == case.blocked

    def test_what_goes_back_has_a_column(self, case: Case, form: Mapping) -> None:
        if case.adapter.manifest.writes_back:
            assert form.layout().follow_up, "a mapping of a door that writes back says what"


def _said(record: SourceRecord, mapped: Drafts) -> list[tuple[str, str, str]]:
    """What blocks a record, without its content: the sentence's key, the column, the element."""
    issues = [*record.issues, *mapped.issues]
    if not any(issue.blocks for issue in issues):
        issues += [issue for resource in _resources(mapped) for issue in validate(resource)]
    return [(issue.text, issue.column, issue.path) for issue in issues if issue.blocks]


def _resources(mapped: Drafts) -> list[Resource]:
    """With ids and references, as when they are stored."""
    types = {draft.local: draft.resource["resourceType"] for draft in mapped.drafts}
    return [_resolved(draft.resource, types) for draft in mapped.drafts]


def _resolved(draft: Resource, types: dict[str, Any]) -> Resource:
    resource: Resource = json.loads(json.dumps(draft)) | {"id": "recorded"}
    for slot in slots(resource):
        kind, _, local = slot["reference"].partition(":")
        if kind == "draft":
            slot["reference"] = f"{types[local]}/recorded"
    return resource
