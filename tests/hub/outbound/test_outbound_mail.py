"""What is given to a mail server: encrypted, from whom the operator says, to whom the operator allows; and what its answer means."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import texts
from hub.errors import AdapterError, Fatal, Retriable
from hub.outbound.mail import Mailer, MailServer, is_recipient, recipient
from hub.subscription.mails import Mail, news
from tests.support.key_servers import certified
from tests.support.mailboxes import PASSWORD, mailboxes, said

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
DESK = "mailto:desk@hospital.example"
FROM = "Ihala <hub@ihala.example>"
MAIL = news("a1", "https://hub.example/", "ar")


def server(port: int, security: str = "none", host: str = "127.0.0.1", **more: str) -> MailServer:
    return MailServer(host, port, security, FROM, recipients=("@hospital.example",), **more)


def problem(send: Callable[[], None]) -> AdapterError:
    with pytest.raises(AdapterError) as failed:
        send()
    for language in texts.LANGUAGES:
        assert texts.say(failed.value.text, language)
    assert PASSWORD not in repr((failed.value.args, failed.value.params))
    return failed.value


def test_a_mail_says_what_it_says_and_that_a_machine_wrote_it() -> None:
    with mailboxes() as boxes:
        Mailer(server(boxes.port), lambda: NOW).send(DESK, MAIL)
    (found,) = boxes.got
    assert (found["To"], found["From"], found["Auto-Submitted"]) == ("desk@hospital.example", FROM, "auto-generated")
    assert (found["Subject"], said(found).strip()) == (MAIL.subject, MAIL.text)
    assert found["Message-ID"] == "<a1@ihala.example>" and found["Content-Language"] == "ar"


@pytest.mark.parametrize(("security", "at_once"), [("starttls", False), ("tls", True)])
def test_it_goes_encrypted_to_a_server_that_is_who_it_says(tmp_path: Path, security: str, at_once: bool) -> None:
    tls = certified(tmp_path, "localhost")
    with mailboxes(tls.server, at_once=at_once) as boxes:
        mine = server(boxes.port, security, "localhost")
        Mailer(mine, lambda: NOW, tls.client).send(DESK, MAIL)
        assert len(boxes.got) == 1
        stranger = Mailer(mine, lambda: NOW)
        assert problem(lambda: stranger.send(DESK, MAIL)).text == "outbound.mail-unreachable", "not a known certificate"
    assert len(boxes.got) == 1


def test_it_signs_in_where_that_is_asked(tmp_path: Path) -> None:
    tls = certified(tmp_path, "localhost")
    with mailboxes(tls.server, login=True) as boxes:
        right = server(boxes.port, "starttls", "localhost", user="hub", password=PASSWORD)
        Mailer(right, lambda: NOW, tls.client).send(DESK, MAIL)
        wrong = server(boxes.port, "starttls", "localhost", user="hub", password="other")
        assert problem(lambda: Mailer(wrong, lambda: NOW, tls.client).send(DESK, MAIL)).text == "outbound.mail-login"
    assert len(boxes.got) == 1


def test_to_a_server_that_does_not_encrypt_nothing_is_given() -> None:
    with mailboxes() as boxes:
        failed = problem(lambda: Mailer(server(boxes.port, "starttls"), lambda: NOW).send(DESK, MAIL))
    assert isinstance(failed, Fatal) and failed.text == "outbound.mail-not-encrypted"
    assert boxes.got == []


@pytest.mark.parametrize("host", ["mail.example", "192.0.2.1", "localhost"])
def test_without_encryption_only_this_very_machine_is_spoken_to(host: str) -> None:
    with pytest.raises(ValueError, match="security"):
        server(25, "none", host)


@pytest.mark.parametrize("sender", ["", "hub", "hub@x.example\r\nBcc: all@x.example", "a@b.example, c@d.example"])
def test_who_sends_is_one_address(sender: str) -> None:
    with pytest.raises(ValueError, match="from"):
        MailServer("127.0.0.1", 25, "none", sender)


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ("550 no such user", Fatal, "mail-nobody"),
        ("451 try later", Retriable, "mail-later"),
        ("554 no", Retriable, "mail-later"),
    ],
)
def test_what_a_server_refuses_is_told_apart(answer: str, kind: type[AdapterError], text: str) -> None:
    with mailboxes() as boxes:
        boxes.refuses = answer
        failed = problem(lambda: Mailer(server(boxes.port), lambda: NOW).send(DESK, MAIL))
    assert isinstance(failed, kind) and failed.text == f"outbound.{text}"


def test_a_server_that_is_away_is_tried_again() -> None:
    failed = problem(lambda: Mailer(server(9), lambda: NOW).send(DESK, MAIL))
    assert isinstance(failed, Retriable) and failed.text == "outbound.mail-unreachable"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mailto:desk@hospital.example", True), ("mailto:Desk@HOSPITAL.example", True), ("mailto:one@centre.example", True),
        ("mailto:two@centre.example", False), ("mailto:desk@sub.hospital.example", False), ("mailto:desk@hospital.example?cc=x@y.example", False),
        ("mailto:a@b.example,desk@hospital.example", False), ("mailto:desk%0a@hospital.example", False), ("mailto:@hospital.example", False),
        ("desk@hospital.example", False), ("https://hospital.example", False), ("mailto:desk@hospital.example\n", False),
    ],
)  # fmt: skip
def test_only_those_whom_the_operator_names_are_written_to(url: str, expected: bool) -> None:
    assert is_recipient(url, ("@hospital.example", "one@centre.example")) is expected
    if not expected:
        with mailboxes() as boxes:
            mine = MailServer("127.0.0.1", boxes.port, "none", FROM, recipients=("@hospital.example",))
            if not is_recipient(url, mine.recipients):
                assert problem(lambda: Mailer(mine, lambda: NOW).send(url, MAIL)).text == "outbound.mail-not-allowed"
        assert boxes.got == []


@pytest.mark.parametrize("text", ["hospital.example", "@", "*@hospital.example", "a@b@c.example", "@HOSPITAL.example"])
def test_a_line_that_is_no_recipient_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        recipient(text)


def test_without_a_server_no_mail_is_sent() -> None:
    failed = problem(lambda: Mailer(None, lambda: NOW).send(DESK, Mail("a1", "x", "x", "en")))
    assert failed.text == "outbound.mail-not-allowed"
