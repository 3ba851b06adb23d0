"""The blanks of a sentence, with or without forms of what they count: `{count:# row|# rows}`."""

import string


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
