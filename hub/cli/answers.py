"""Questions that are answered with yes or no, or with one of a list, in the reader's own words:
https://click.palletsprojects.com/en/stable/prompts/

`click.confirm` takes an English letter alone, and says so in English.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import click

from hub.cli.session import Session
from hub.fhir.folding import fold

TRIES: Final = 3  # answers that are not understood, before a question is left open


class Listed(NamedTuple):
    """One of a list that is answered by its sign (""; its number), its code or its name."""

    sign: str
    code: str
    shown: str


def agrees(session: Session, question: str) -> bool:
    """The answer; an empty one is no. What is neither is asked again. Raises click.Abort at the end of the input."""
    shown = f"{question} {session.say('yes-or-no')}"
    while True:
        answer: str = click.prompt(shown, default="", show_default=False, prompt_suffix=" ", err=True)
        said = answer.strip().casefold()
        if not said or said in session.say("no-words").split():
            return False
        if said in session.say("yes-words").split():
            return True
        session.err.print(session.say("say-yes-or-no"), markup=False, soft_wrap=True)


def chosen(
    session: Session,
    question: str,
    choices: Sequence[Listed],
    *,
    several: bool = False,
    find: Callable[[str], str | None] = lambda _: None,
) -> list[str]:
    """The codes of an answer (`find`: one more way to know it); nothing where it is empty, or is not understood three times."""
    signs = [one.sign or str(number) for number, one in enumerate(choices, 1)]
    shown = " · ".join(f"{sign} {one.shown}" for sign, one in zip(signs, choices, strict=True))
    by_text = {sign: one.code for sign, one in zip(signs, choices, strict=True)}
    by_text |= {fold(text): one.code for one in choices for text in (one.code, one.shown)}
    session.err.print(f"{question}\n  {shown}", markup=False, highlight=False, soft_wrap=True)
    for _ in range(TRIES):
        answer: str = click.prompt(">", default="", show_default=False, prompt_suffix=" ", err=True)
        said = [one.strip() for one in (re.split(r"[,;،\s]+", answer) if several else [answer]) if one.strip()]
        if not said:
            return []
        found = [by_text.get(one) or by_text.get(fold(one)) or find(one) for one in said]
        if all(found):
            return [str(one) for one in dict.fromkeys(found)]
        session.err.print(session.say("choose-from-list"), markup=False, soft_wrap=True)
    return []
