"""How a person signs in, and every way in which somebody else does not."""

from tests.support.people import Town


def test_whoever_signs_in_is_at_home(town: Town) -> None:
    amina = town.person()
    browser = town.browser()
    signed = browser.sign_in(amina)
    assert (signed.status_code, signed.location) == (303, "/console/")
    home = browser.get("/console/")
    assert (home.status_code, "amina" in home.text) == (200, True)


def test_nobody_is_at_home_without_signing_in(town: Town) -> None:
    for path in ("/console/", "/console/clients", "/console/clients/new", "/console/clients/x"):
        answer = town.browser().get(path)
        assert (answer.status_code, answer.location) == (303, "/console/sign-in")
