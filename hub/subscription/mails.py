"""What a mail says: that there is news, or how an address is confirmed. Nothing of anybody, and no id of anything (pure)."""

from dataclasses import dataclass

from hub.texts import say


@dataclass(frozen=True, repr=False)
class Mail:
    """`id`: of the message, new each time."""

    id: str
    subject: str
    text: str
    language: str


def news(id_: str, site: str, language: str) -> Mail:
    """`site`: where people sign in."""
    return Mail(id_, say("mails.news-subject", language), say("mails.news", language, site=site), language)


def confirmation(id_: str, code: str, site: str, language: str) -> Mail:
    spelled = "-".join(code[place : place + 4] for place in range(0, len(code), 4))
    text = say("mails.confirm", language, site=site, code=spelled)
    return Mail(id_, say("mails.confirm-subject", language), text, language)
