"""What a change is told to find: a version, or anything at all. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1

Of what is not there every expectation is false, and what is hidden is not there. Where the answer is 404 whatever is expected, a
version is not asked about (https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1); `*` asks just that.
"""

from typing import Final, Literal

from hub import errors
from hub.errors import HubError

ANYTHING: Final = "*"
Expected = int | Literal["*"] | None
"""The number of a version; `*` where there only has to be one; None where nothing is expected."""


def is_met(expected: Expected, version: int | None) -> bool:
    """`version`: the present one, None where there is none."""
    return expected is None or (version is not None and expected in {ANYTHING, version})


def require_met(expected: Expected, version: int | None) -> None:
    """Raises STALE, in words of its own where there is nothing."""
    if not is_met(expected, version):
        raise HubError(errors.STALE, text="web.nothing-to-match" if version is None else "")


def require_any(expected: Expected) -> None:
    """Of what is not there and is not made either. Raises STALE where there had to be something."""
    if expected == ANYTHING:
        require_met(expected, None)
