"""A question that is answered with yes or no, in the reader's own words: https://click.palletsprojects.com/en/stable/prompts/

`click.confirm` takes an English letter alone, and says so in English.
"""

import click

from hub.cli.session import Session


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
