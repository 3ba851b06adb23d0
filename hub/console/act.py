"""The page of one act, with what the state machine asks for it; and the act itself, made to the version that was seen.

https://hl7.org/fhir/R4/http.html#concurrency. It is a change like any other (`hub.exchange.change`), judged there. Where somebody
was faster, what was typed is still there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response, redirect, request

from hub import errors
from hub.console import acts, pages, plain
from hub.console.acts import Act
from hub.console.desk import Desk
from hub.errors import HubError
from hub.exchange import change
from hub.fhir import Resource
from hub.fhir.tasks import kind
from hub.ports import Caller

ADDRESS = "/console/referrals"


@dataclass(frozen=True, repr=False)
class About:
    """What is acted on: a referral, or a request about it. `referral`: the id of its page."""

    task: Resource
    version: int
    referral: str


def asked(about: About, to: str, caller: Caller, desk: Desk) -> Response:
    """Its form. Raises ILLEGAL_TRANSITION where the act is not hers now."""
    act = _offered(about.task, to, caller)
    if act is None:
        raise HubError(errors.ILLEGAL_TRANSITION)
    return _form(about, act, desk, request.args, {})


def done(about: About, to: str, caller: Caller, desk: Desk) -> Response:
    """The page of the referral after the act. What is not hers is refused as by the API."""
    act, form = _offered(about.task, to, caller), request.form
    if act and form.get("version") == str(about.version) and (wrong := acts.lacking(act, form)):
        return _form(about, act, desk, form, {name: pages.tell(key, most=acts.LONGEST) for name, key in wrong.items()})
    try:
        move(str(about.task["id"]), to, caller, desk)
    except HubError as problem:
        if problem.problem is not errors.STALE:
            raise
        wrong = {"version": pages.tell("changed-meanwhile", state=plain.state(about.task["status"]))}
        return _form(about, act, desk, form, wrong)
    return go(about.referral)


def move(id_: str, to: str, caller: Caller, desk: Desk) -> None:
    """Raises HubError: STALE where another version was seen."""
    seen = request.form.get("version", "")
    change.patch(
        "Task", id_, lambda task: acts.moved(task, to, request.form, caller), caller,
        expected=int(seen) if seen.isdecimal() else 0, hub=desk.people.hub,
    )  # fmt: skip


def _offered(task: Resource, to: str, caller: Caller) -> Act | None:
    return next((one for one in acts.permitted(task, caller) if one.to == to), None)


def _form(about: About, act: Act | None, desk: Desk, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    """Without an act: it is possible no more, and what was typed is only shown."""
    return pages.show(
        "act.html",
        status=412 if "version" in wrong else 422 if wrong else 200,
        wrong=wrong,
        account=desk.account(),
        act=act,
        typed=typed,
        version=about.version,
        referral=about.referral,
        number=plain.number(about.task),
        asked=plain.asked(about.task),
        kind=kind(about.task),
        reasons=[(code, plain.display(acts.REASONS, code)) for code in acts.choices("reason")],
        outcomes=[(code, plain.display(acts.OUTCOMES, code)) for code in acts.choices("outcome")],
        longest=acts.LONGEST,
    )


def go(referral: str) -> Response:
    return redirect(f"{ADDRESS}/{referral}", 303)  # type: ignore[return-value]  # Werkzeug's response, of Flask's class
