"""What became of referrals, told where the case is: a comment on the submission, and a review state where the mapping has one;
and in an entity list, where the connection names one.

An answer can be changed in Central by an edit of the whole submission only; comments and review states are what its own
supervisors use. https://docs.getodk.org/central-api-submission-management/
"""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.odk.client import Central, opened
from adapters.odk.entities import properties, update
from adapters.odk.submissions import REVIEW
from hub.ports import Connection, FollowUp, Layout

STATES: Final = frozenset({"hasIssues", "approved"})
"""`rejected` is a supervisor's word about what was written, never the hub's about what came of it."""

SIGNED: Final = "Ihala: "


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """One comment for each submission; a later follow-up of a submission wins over an earlier one."""
    told: dict[str, dict[str, str]] = {}
    entities: dict[str, str] = {}
    for follow_up in follow_ups:
        told.setdefault(follow_up.handle["submission"], {}).update(_answers(follow_up, connection.layout))
        entities[follow_up.handle["submission"]] = follow_up.handle.get("entity", "")
    if not any(told.values()):
        return
    gated = connection.settings.get("only_approved") is True
    with opened(connection) as central:
        for submission, answers in told.items():
            state = answers.pop(REVIEW, "")
            _comment(central, submission, answers)
            if state in STATES and not gated:  # else the hub would take out of its own sight what it reads
                central.review(submission, state)
        if connection.settings.get("entity_list") and any(entities.values()):
            _into_the_list(central, {entities[one]: answers for one, answers in told.items() if entities[one]})


def _into_the_list(central: Central, told: Mapping[str, Mapping[str, str]]) -> None:
    known = central.properties()
    for entity, answers in told.items():
        if wanted := properties(answers, known):
            update(central, entity, wanted)


def _comment(central: Central, submission: str, answers: Mapping[str, str]) -> None:
    """Unless the hub's last word was the same."""
    if not answers:
        return
    body = SIGNED + "; ".join(f"{path.rpartition('/')[2]} = {value}" for path, value in answers.items())
    ours = [one for one in central.comments(submission) if str(one.get("body", "")).startswith(SIGNED)]
    last = max(ours, key=lambda one: str(one.get("createdAt", "")), default=None)
    if last is None or last.get("body") != body:
        central.comment(submission, body)


def _answers(follow_up: FollowUp, layout: Layout) -> dict[str, str]:
    """By the path of the question, and only what the form has a follow-up question for."""
    return {told_as(name, layout): value for name, value in follow_up.values.items() if name in layout.follow_up}


def told_as(name: str, layout: Layout) -> str:
    """The path of the question that a follow-up column stands for."""
    return next(iter(layout.columns.get(name, ())), name)
