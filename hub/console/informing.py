"""Ask for what is missing, with a form of the directory; and answer such a request. The answer and that it was given are one act.

`hub.referral.requests` says who may ask and how it is answered; who may see an answer is the consent's to say.
"""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, request

from hub import errors
from hub.console import act, gathered, pages, plain, questions
from hub.console.desk import Desk
from hub.console.gathered import Referral
from hub.console.referrals import ADDRESS, require
from hub.errors import HubError
from hub.exchange.change import carry_out, create
from hub.exchange.change.create import creation
from hub.exchange.change.draft import Draft
from hub.exchange.change.revise import revision
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import instant
from hub.fhir.tasks import INFORMATION, kind
from hub.ports import Caller

ASKED: Final = "questionnaire"
GIVEN: Final = "answers"
"""Codes of what a request carries, and of what answers it."""


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(f"{ADDRESS}/<id_>/ask-information", methods=["GET", "POST"])
    def ask_information(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "Questionnaire", "search")
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        forms = dict(questions.forms(caller, hub=desk.people.hub))
        chosen = request.form.get("form", "")
        if request.method == "GET" or chosen not in forms:
            wrong = {"form": pages.tell("ask.no-form")} if request.method == "POST" else {}
            return _show("ask-information.html", found, desk, wrong, forms=list(forms.items()))
        require(caller, "Task", "create")
        create(_request(id_, chosen), caller, hub=desk.people.hub)
        return act.go(id_)

    @room.route(f"{ADDRESS}/<id_>/requests/<request_id>/answer", methods=["GET", "POST"])
    def inform(id_: str, request_id: str) -> Response:
        caller = desk.asker()
        for type_, interaction in (
            ("Questionnaire", "search"),
            ("QuestionnaireResponse", "create"),
            ("Task", "update"),
        ):
            require(caller, type_, interaction)
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        asks = next((one for one in found.requests if one["id"] == request_id and kind(one) == INFORMATION), None)
        if asks is None:
            raise HubError(errors.NOT_FOUND)
        return _answer(asks, found, caller, desk)


def _answer(asks: Resource, found: Referral, caller: Caller, desk: Desk) -> Response:
    canonical = next((one["valueCanonical"] for one in asks.get("input", ()) if "valueCanonical" in one), "")
    form = questions.form(canonical, caller, hub=desk.people.hub)
    asked = questions.questions(form.get("item", ())) if form else ()
    given = {
        "asked": asked,
        "title": (form or {}).get("title", ""),
        "can": bool(asked) and questions.is_answerable(asked),
    }
    if request.method == "GET" or not given["can"]:
        return _show("answer.html", found, desk, {}, **given)
    wrong = {name: pages.tell("answer.not-understood") for name in questions.lacking(asked, request.form)}
    items = questions.answered(asked, request.form)
    if wrong or not items:
        return _show("answer.html", found, desk, wrong or {asked[0].name: pages.tell("answer.empty")}, **given)
    try:
        carry_out(_given(asks, _response(asks, canonical, items, caller, desk), desk), caller, hub=desk.people.hub)
    except HubError as problem:
        if problem.problem is not errors.ILLEGAL_TRANSITION:
            raise
        return _show("answer.html", found, desk, {asked[0].name: pages.reason(problem)}, **given)
    return act.go(found.id)


def _given(asks: Resource, response: Resource, desk: Desk) -> Callable[[Draft], str]:
    def both(draft: Draft) -> str:
        reference = creation(response, desk.people.hub)(draft)
        output = {"type": _concept("task-output", GIVEN), "valueReference": {"reference": reference}}
        told = revision(
            "Task", asks["id"], lambda task: task | {"status": "completed", "output": [output]},
            expected=None, interaction="patch",
        )  # fmt: skip
        return told(draft)

    return both


def _response(asks: Resource, canonical: str, items: list[Resource], caller: Caller, desk: Desk) -> Resource:
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": canonical,
        "status": "completed",
        "subject": asks["for"],
        "authored": instant(desk.people.hub.clock.now()),
        "author": {"reference": f"Organization/{caller.organization}"},
        "item": items,
    }


def _request(id_: str, canonical: str) -> Resource:
    return {
        "resourceType": "Task",
        "status": "requested",
        "code": _concept("task-code", INFORMATION),
        "partOf": [{"reference": f"Task/{id_}"}],
        "input": [{"type": _concept("task-input", ASKED), "valueCanonical": canonical}],
    }


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


def _show(template: str, found: Referral, desk: Desk, wrong: dict[str, str], **given: Any) -> Response:
    return pages.show(
        template,
        status=422 if wrong else 200,
        wrong=wrong,
        account=desk.account(),
        referral=found.id,
        number=plain.number(found.task),
        named=plain.asked(found.task),
        typed=request.form,
        **given,
    )
