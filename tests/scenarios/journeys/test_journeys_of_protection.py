"""Journeys of protection: a shelter nobody can find, a girl whose parent is suspected, a woman without a name, danger to life."""

from tests.scenarios.journeys.conftest import Begin


def test_a_shelter_takes_her_in_and_nobody_learns_where_it_is(begin: Begin) -> None:
    story, given, when, then = begin(
        "shelter", association="zahra-ecoute", shelter="dar-rihana", stranger="hopital-oriental"
    )
    association, shelter = story.parties["association"], story.parties["shelter"]
    given.record("named", "MA-MAR")
    given.agrees(shelter)
    house = given.house(shelter)

    then.does_not_learn_where(association, house)
    when.refers(shelter, "shelter", "asap")
    then.told("referral.send", association, shelter)
    then.sees(association="everything", shelter="notice", stranger="nothing")

    when.says_there_is_room_later(shelter)
    then.stands("accepted", "waitlisted")
    then.sees(association="everything", shelter="agreed", stranger="nothing")
    when.begins(shelter)
    when.completes(shelter)
    then.told("referral.complete", association, shelter)

    then.ends("completed", "service-provided")
    then.timeline("requested", "accepted", "in-progress", "completed")
    then.does_not_learn_where(association, house)
    then.does_not_learn_where(story.parties["stranger"], house)
    then.report(shelter)
    then.nobody_saw_more()


def test_a_girl_whose_parent_is_suspected_is_helped_without_that_parent(begin: Begin) -> None:
    story, given, when, then = begin(
        "minor", association="zahra-ecoute", children="palmier-enfance", stranger="hopital-oriental"
    )
    association, children = story.parties["association"], story.parties["children"]
    given.record("minor", "MA-ERR")
    suspected = given.caregiver(suspected=True)
    given.agrees(children, given_by=(suspected,), told="suspect-agrees")
    when.cannot_refer(children, "child-protection")
    then.sees(association="everything", children="nothing", stranger="nothing")

    aunt = given.caregiver(suspected=False)
    given.agrees(
        children, classes=("core", "needs-and-services", "caregiver"), given_by=(story.her, aunt), told="both-agree"
    )
    when.refers_again(children)
    then.told("referral.send", association, children)
    then.sees(association="everything", children="notice", stranger="nothing")

    when.accepts(children)
    then.sees(association="everything", children="agreed", stranger="nothing")
    then.cannot_see(children, suspected, "caregiver")
    then.cannot_see(children, aunt, "aunt")
    when.begins(children)
    when.completes(children)
    then.ends("completed", "service-provided")
    then.timeline("requested", "accepted", "in-progress", "completed")
    then.report(children)
    then.nobody_saw_more()


def test_a_woman_without_a_name_is_referred_and_stays_without_one(begin: Begin) -> None:
    story, given, when, then = begin(
        "anonymous", association="zahra-ecoute", hospital="chu-atlas", stranger="hopital-oriental"
    )
    association, hospital = story.parties["association"], story.parties["hospital"]
    given.record("anonymous", "MA-FES")
    given.agrees(hospital)

    when.refers(hospital, "medical")
    then.sees(association="everything", hospital="notice", stranger="nothing")
    when.accepts(hospital)
    then.sees(association="everything", hospital="agreed", stranger="nothing")
    then.knows_no_name(hospital)
    when.ends(hospital, "failed", "survivor-unreachable")
    then.told("referral.fail", association, hospital)

    then.ends("failed", "survivor-unreachable")
    then.timeline("requested", "accepted", "failed")
    then.report(hospital)
    then.nobody_saw_more()


def test_the_glass_is_broken_for_a_life_and_everything_after_is_with_her_consent(begin: Begin) -> None:
    story, given, when, then = begin(
        "break-glass", association="zahra-ecoute", emergency="chu-atlas!", hospital="chu-atlas", stranger="hopital-oriental"
    )  # fmt: skip
    association, emergency, hospital = (story.parties[one] for one in ("association", "emergency", "hospital"))
    given.record("named")
    then.sees(association="everything", emergency="nothing", hospital="nothing", stranger="nothing")

    when.breaks_the_glass(emergency, "medical-emergency")
    then.sees(association="everything", emergency="emergency", hospital="nothing", stranger="nothing")
    review = then.is_to_be_reviewed(emergency, minutes=15)

    given.agrees(hospital)
    when.refers(hospital, "medical", "stat")
    when.accepts(hospital)
    then.told("referral.accept", association, hospital)
    then.sees(association="everything", emergency="emergency", hospital="agreed", stranger="nothing")
    when.completes(hospital)
    then.ends("completed", "service-provided")
    when.reviews(review)
    then.timeline("requested", "accepted", "completed")
    then.report(hospital)
    then.nobody_saw_more()
