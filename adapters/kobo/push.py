"""Follow-ups into the submissions they are about, as answers to the form's follow-up questions.

`data/bulk/` makes a new version of the submission (`_uuid` changes): the next pull reads it, and its version, which leaves
these questions out, is the one the hub knows. A form asks once for the whole submission: of several
referrals the hub tells of the foremost (`tells_one`).
"""

from collections.abc import Sequence

from adapters.kobo.client import opened
from hub.ports import Connection, FollowUp, Layout

AT_ONCE = 100  # submissions in one request


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """One request for all submissions that are told the same; a later follow-up of a submission wins over an earlier one."""
    told: dict[str, dict[str, str]] = {}
    for follow_up in follow_ups:
        told.setdefault(follow_up.handle["submission"], {}).update(_answers(follow_up, connection.layout))
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for submission, answers in told.items():
        if answers:
            alike.setdefault(tuple(sorted(answers.items())), []).append(submission)
    if not alike:
        return
    with opened(connection) as kobo:
        for items, submissions in alike.items():
            for start in range(0, len(submissions), AT_ONCE):
                kobo.update(submissions[start : start + AT_ONCE], dict(items))


def _answers(follow_up: FollowUp, layout: Layout) -> dict[str, str]:
    """By the path of the question, and only what the form has a follow-up question for."""
    return {_path(name, layout): value for name, value in follow_up.values.items() if name in layout.follow_up}


def _path(name: str, layout: Layout) -> str:
    return next(iter(layout.columns.get(name, ())), name)
