"""Journeys of her will: a refusal and another way, several who could help, a change of mind, a withdrawal in the middle."""

from tests.scenarios.journeys.conftest import Begin
from tests.support.personas import outcome


def test_one_refuses_and_another_takes_her_on(begin: Begin) -> None:
    story, given, when, then = begin(
        "refusal", association="zahra-ecoute", first="chu-atlas", second="hopital-oriental", stranger="yasmine-psy"
    )
    association, first, second = (story.parties[one] for one in ("association", "first", "second"))
    given.record("named")
    given.agrees(first, second)

    when.refers(first, "medical")
    then.sees(association="everything", first="notice", second="nothing", stranger="nothing")
    when.cannot(first, "rejected", "cannot-refuse-silently")
    when.ends(first, "rejected", "no-capacity")
    then.told("referral.reject", association, first)
    then.stands("rejected", "re-routing")
    then.sees(association="everything", first="notice", second="nothing", stranger="nothing")
    then.ends("rejected", "no-capacity")
    then.timeline("requested", "rejected")

    when.refers_again(second)
    then.told("referral.send", association, second)
    then.sees(association="everything", first="nothing", second="notice", stranger="nothing")
    when.accepts(second)
    then.sees(association="everything", first="nothing", second="agreed", stranger="nothing")
    when.completes(second)
    then.ends("completed", "service-provided")
    then.timeline("requested", "accepted", "completed")
    then.report(first, second)
    then.nobody_saw_more()


def test_three_could_help_and_one_takes_her_on(begin: Begin) -> None:
    story, given, when, then = begin(
        "claim", association="zahra-ecoute", olive="olivier-famille", spring="source-fes", lilac="lilas-fes",
        stranger="yasmine-psy",
    )  # fmt: skip
    association, olive, spring, lilac = (story.parties[one] for one in ("association", "olive", "spring", "lilac"))
    given.record("named", "MA-FES")
    given.agrees(olive, spring, lilac)

    when.opens_to_claim("psychosocial")
    then.told("referral.send", association, olive, spring, lilac)
    then.sees(association="everything", olive="notice", spring="notice", lilac="notice", stranger="nothing")
    notice = when.hesitates(lilac)
    when.claims(spring)
    then.told("referral.claim", association, spring)
    then.sees(association="everything", olive="nothing", spring="agreed", lilac="nothing", stranger="nothing")
    when.claims_too_late(lilac, notice)

    when.begins(spring)
    when.completes(spring)
    then.told("referral.complete", association, spring)
    then.ends("completed", "service-provided")
    then.timeline("requested", "accepted", "in-progress", "completed")
    then.report(olive, spring, lilac)
    then.nobody_saw_more()


def test_she_takes_her_consent_back_in_the_middle(begin: Begin) -> None:
    story, given, when, then = begin(
        "withdrawal", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.agrees(hospital)
    when.refers(hospital, "medical")
    when.accepts(hospital)
    when.begins(hospital)
    then.sees(association="everything", hospital="agreed", stranger="nothing")

    when.withdraws()
    then.sees(association="everything", hospital="nothing", stranger="nothing")
    then.stands("on-hold", "consent-withdrawn")
    then.told("referral.hold", association)
    then.is_told_to_stop(hospital)
    when.cannot(hospital, "completed", "cannot-go-on", 404, output=outcome("service-provided"))

    when.closes_unseen(hospital, "partly-provided")
    then.ends("completed", "partly-provided")
    then.told("referral.complete", association)
    then.sees(association="everything", hospital="nothing", stranger="nothing")
    then.timeline("requested", "accepted", "in-progress", "on-hold", "completed")
    then.report(hospital)
    then.nobody_saw_more()


def test_she_changes_her_mind_after_work_has_begun(begin: Begin) -> None:
    story, given, when, then = begin(
        "cancellation", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.agrees(hospital)
    when.refers(hospital, "medical")
    when.accepts(hospital)
    when.begins(hospital)
    when.cannot(association, "cancelled", "cannot-cancel-alone")

    request = when.asks_to_cancel("survivor-declined")
    then.told("cancellation.request", association, hospital, task=request)
    then.stands("in-progress", "cancellation-requested")
    then.sees(association="everything", hospital="agreed", stranger="nothing")
    when.agrees_to_cancel(hospital, request)
    then.told("cancellation.accept", association, hospital, task=request)
    then.told("referral.cancel", association, hospital)

    then.ends("cancelled", "survivor-declined")
    then.sees(association="everything", hospital="notice", stranger="nothing")
    then.timeline("requested", "accepted", "in-progress", "cancelled")
    then.timeline("requested", "accepted", task=request)
    then.report(hospital)
    then.nobody_saw_more()


def test_she_takes_her_consent_back_before_anybody_has_answered(begin: Begin) -> None:
    story, given, when, then = begin(
        "early-withdrawal", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.agrees(hospital)
    when.refers(hospital, "medical")
    then.sees(association="everything", hospital="notice", stranger="nothing")

    when.withdraws()
    then.told("referral.cancel", association)
    then.sees(association="everything", hospital="nothing", stranger="nothing")
    when.cannot(hospital, "accepted", "cannot-go-on", 404)
    when.cannot_refer_again(hospital)

    then.ends("cancelled", "consent-withdrawn")
    then.timeline("requested", "cancelled")
    then.report(hospital)
    then.nobody_saw_more()


def test_a_cancellation_that_comes_too_late_is_refused_and_the_work_is_finished(begin: Begin) -> None:
    story, given, when, then = begin(
        "cancellation-refused", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.agrees(hospital)
    when.refers(hospital, "medical")
    when.accepts(hospital)
    when.begins(hospital)

    request = when.asks_to_cancel("duplicate")
    then.stands("in-progress", "cancellation-requested")
    when.refuses_to_cancel(hospital, request, "safety-risk")
    then.told("cancellation.reject", association, hospital, task=request)
    then.stands("in-progress")

    when.completes(hospital)
    then.told("referral.complete", association, hospital)
    then.ends("completed", "service-provided")
    then.sees(association="everything", hospital="agreed", stranger="nothing")
    then.timeline("requested", "accepted", "in-progress", "completed")
    then.timeline("requested", "rejected", task=request)
    then.report(hospital)
    then.nobody_saw_more()
