"""Which characters no text of FHIR holds: control characters, but for tabs and line breaks.

https://hl7.org/fhir/R4/datatypes.html#string. Nobody sees them: they come with a paste from a word processor, or from fields that
an old program filled up with zeros.
"""

import re
from typing import Final

UNWRITABLE: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f"
"""They, for within the brackets of a pattern."""
CONTROL: Final = re.compile(f"[{UNWRITABLE}]")
_BREAKS: Final = str.maketrans("\x0b\x0c", "\n\n")


def writable(text: str) -> str:
    """The text as a person sees it: what breaks a line or a page is a line break, every other one goes."""
    if text.isprintable():  # nearly all that comes
        return text
    return CONTROL.sub("", text.translate(_BREAKS))
