"""Answers that are places on a map, as ODK's forms write them in text: they lead to a door, and no door takes them.

"latitude longitude altitude accuracy"; a line or an area is several of them, parted by semicolons.
https://docs.getodk.org/form-question-types/#geopoint-widget
"""

import re
from typing import Final

_NUMBER: Final = r"[-+]?\d{1,3}(?:\.\d+)?"
_POINT: Final = rf"\s*[-+]?\d{{1,2}}\.\d+ {_NUMBER}(?: [-+]?\d+(?:\.\d+)?){{2}}\s*"
_PLACES: Final = re.compile(rf"{_POINT}(?:;{_POINT})*;?\s*", re.ASCII)
LONGEST: Final = 100_000


def is_place(value: object) -> bool:
    """Whether it is a point, a line or an area; four numbers of which the first has a fraction are nothing else in a form."""
    return isinstance(value, str) and len(value) <= LONGEST and _PLACES.fullmatch(value) is not None
