"""Journeys of care: an emergency, an appointment that is missed, a question before the answer, an intermediary."""

from tests.scenarios.journeys.conftest import Begin

CARE = ("core", "needs-and-services", "incident-summary", "safe-contact")


def test_an_emergency_is_cared_for_within_the_time_for_it(begin: Begin) -> None:
    story, given, when, then = begin(
        "emergency", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.incident(hours=6)
    given.agrees(hospital, classes=CARE)

    when.refers(hospital, "medical", "stat")
    then.answer_is_due_within(hours=24)
    then.told("referral.send", hospital, association)
    then.sees(association="everything", hospital="notice", stranger="nothing")

    when.looks(hospital)
    then.told("referral.receive", association, hospital)
    when.accepts(hospital)
    then.told("referral.accept", association, hospital)
    then.sees(association="everything", hospital="agreed", stranger="nothing")
    then.knows_when_it_was(hospital, within_hours=72)

    when.begins(hospital)
    when.completes(hospital)
    then.told("referral.complete", association, hospital)
    then.ends("completed", "service-provided")
    then.timeline("requested", "received", "accepted", "in-progress", "completed")
    then.report(hospital)
    then.nobody_saw_more()


def test_a_referral_that_nobody_answers_is_called_late_escalated_and_still_closes(begin: Begin) -> None:
    story, given, when, then = begin(
        "overdue", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.agrees(hospital, classes=CARE)

    when.refers_in_haste(hospital, "medical", within_s=8)
    then.told("referral.remind", hospital)
    then.told("referral.overdue", association, hospital)
    then.told("referral.escalate", association, hospital)
    then.stands("requested", "escalated")
    then.sees(association="everything", hospital="notice", stranger="nothing")

    when.accepts(hospital)
    then.told("referral.accept", association, hospital)
    then.stands("accepted")
    when.completes(hospital)
    then.told("referral.complete", association, hospital)
    then.ends("completed", "service-provided")
    then.timeline("requested", "accepted", "completed")
    then.course(
        "referral.send", "referral.remind", "referral.overdue", "referral.escalate", "referral.accept", "referral.complete",
    )  # fmt: skip
    then.report(hospital)
    then.nobody_saw_more()


def test_a_system_that_subscribed_is_told_and_comes_to_see(begin: Begin) -> None:
    story, given, when, then = begin(
        "subscribed", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.agrees(hospital)
    given.subscribes(hospital)

    when.refers(hospital, "medical")
    then.told("referral.send", association, hospital)
    then.is_told_at_its_door(hospital)
    then.sees(association="everything", hospital="notice", stranger="nothing")

    when.accepts(hospital)
    when.completes(hospital)
    then.told("referral.complete", association, hospital)
    then.ends("completed", "service-provided")
    then.timeline("requested", "accepted", "completed")
    then.report(hospital)
    then.nobody_saw_more()


def test_an_appointment_that_she_missed_is_made_again(begin: Begin) -> None:
    story, given, when, then = begin(
        "no-show", association="zahra-ecoute", centre="yasmine-psy", stranger="hopital-oriental"
    )
    association, centre = story.parties["association"], story.parties["centre"]
    given.record("named")
    given.agrees(centre)

    when.refers(centre, "psychosocial", "routine")
    when.accepts(centre)
    then.told("referral.accept", association, centre)
    when.says(centre, "appointment-scheduled")
    then.sees(association="everything", centre="agreed", stranger="nothing")

    when.says(centre, "appointment-missed")
    then.told("referral.update", association, centre)
    then.stands("accepted", "appointment-missed")
    when.says(centre, "appointment-scheduled")
    then.stands("accepted", "appointment-scheduled")

    when.begins(centre)
    when.completes(centre, "partly-provided")
    then.ends("completed", "partly-provided")
    then.timeline("requested", "accepted", "in-progress", "completed")
    then.report(centre)
    then.nobody_saw_more()


def test_a_question_is_answered_before_the_referral_goes_on(begin: Begin) -> None:
    story, given, when, then = begin(
        "question", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("named")
    given.agrees(hospital, classes=("core", "needs-and-services", "health", "attachments"))

    when.refers(hospital, "medical")
    question = when.asks_for_information(hospital)
    then.told("information.request", association, hospital, task=question)
    then.stands("received", "awaiting-information")
    then.sees(association="everything", hospital="notice", stranger="nothing")

    form = when.informs(question)
    then.told("information.give", association, hospital, task=question)
    then.stands("received")
    then.cannot_see(hospital, form, "answers")

    when.accepts(hospital)
    then.sees(association="everything", hospital="agreed", stranger="nothing")
    when.completes(hospital)
    then.ends("completed", "service-provided")
    then.timeline("requested", "received", "accepted", "completed")
    then.timeline("requested", "completed", task=question)
    then.report(hospital)
    then.nobody_saw_more()


def test_an_intermediary_passes_on_what_it_cannot_do_itself(begin: Begin) -> None:
    story, given, when, then = begin(
        "intermediary", association="zahra-ecoute", centre="emf-marrakech", association_of_law="arganier-droit",
        stranger="hopital-oriental",
    )  # fmt: skip
    association, centre, lawyers = (story.parties[one] for one in ("association", "centre", "association_of_law"))
    given.record("named", "MA-MAR")
    given.agrees(centre, lawyers)

    when.refers(centre, "legal")
    whole, need = story.task, story.need
    then.told("referral.send", association, centre)
    then.sees(association="everything", centre="notice", association_of_law="nothing", stranger="nothing")

    part = when.passes_on(centre, lawyers, "legal")
    then.told("referral.send", association, centre, lawyers, task=part)
    then.sees(association="everything", centre="notice", association_of_law="nothing", stranger="nothing")

    when.turns_to(part, lawyers)
    then.sees(association="everything", centre="own", association_of_law="notice", stranger="nothing")
    when.accepts(lawyers)
    then.sees(association="everything", centre="agreed", association_of_law="agreed", stranger="nothing")
    when.turns_back_to(whole, need, centre)
    then.stands("accepted")
    then.told("referral.accept", association, centre)

    when.turns_to(part, lawyers)
    when.begins(lawyers)
    when.completes(lawyers)
    then.ends("completed", "service-provided")
    when.turns_back_to(whole, need, centre)
    then.told("referral.complete", association, centre)
    then.ends("completed", "service-provided")
    then.timeline("requested", "accepted", "completed")
    then.report(lawyers, centre)
    then.nobody_saw_more()


def test_an_intermediary_whom_one_refuses_asks_another(begin: Begin) -> None:
    story, given, when, then = begin(
        "intermediary-refused", association="zahra-ecoute", centre="emf-marrakech", first="arganier-droit", second="yasmine-psy",
        stranger="hopital-oriental",
    )  # fmt: skip
    association, centre, first, second = (story.parties[one] for one in ("association", "centre", "first", "second"))
    given.record("named", "MA-MAR")
    given.agrees(centre, first, second)
    when.refers(centre, "legal")
    whole, need = story.task, story.need

    refused = when.passes_on(centre, first, "legal")
    when.turns_to(refused, first)
    when.ends(first, "rejected", "no-capacity")
    then.told("referral.reject", association, centre, first)
    then.sees(association="everything", centre="own", first="notice", second="nothing", stranger="nothing")
    when.turns_back_to(whole, need, centre)
    then.stands("requested", "re-routing")
    then.sees(association="everything", centre="notice", first="nothing", second="nothing", stranger="nothing")

    taken = when.passes_on(centre, second, "legal")
    then.stands("requested")
    when.turns_to(taken, second)
    when.accepts(second)
    then.sees(association="everything", centre="agreed", first="nothing", second="agreed", stranger="nothing")
    when.completes(second, "partly-provided")
    when.turns_back_to(whole, need, centre)
    then.told("referral.complete", association, centre)
    then.ends("completed", "partly-provided")
    then.timeline("requested", "accepted", "completed")
    then.report(centre, first, second)
    then.nobody_saw_more()
