"""A decision in plain words: why, and which part of which consent says so.

A part is counted as people count: `provision.provision[1].provision[0]` is part 2.1 of the consent.
"""

import re
from collections.abc import Callable, Sequence

from hub import texts
from hub.consent.compiled import consents_of


def tell(reason: str, by: Sequence[str], language: str, called: Callable[[str], str] = str) -> str:
    """The sentence. `reason`: a key of the text catalogue, empty for what is permitted; `by`: the provisions that say so;
    `called`: what a consent is called where this is read."""
    where = texts.say("consent.separator", language).join(part(one, language, called) for one in by)
    if not reason:
        return texts.say("consent.permitted", language, where=where) if where else ""
    sentence = texts.say(reason, language)
    return texts.say("consent.reason", language, reason=sentence, where=where) if where else sentence


def part(by: str, language: str, called: Callable[[str], str] = str) -> str:
    """One provision: `Consent/…#provision.provision[1]`, or a consent without saying where in it."""
    (consent,), path = consents_of([by]), by.partition("#")[2]
    number = ".".join(str(int(one) + 1) for one in re.findall(r"\[(\d+)\]", path))
    if not path:
        return called(consent)
    if not number:
        return texts.say("consent.whole", language, consent=called(consent))
    return texts.say("consent.part", language, consent=called(consent), part=number)
