"""One way of writing a JSON value, so that its hash is the same wherever it was parsed and in whatever order.

https://www.rfc-editor.org/rfc/rfc8785
"""

from hashlib import sha256
from typing import Any, Final

import orjson
import rfc8785

from hub.fhir.decimals import fragment

_DIGITS: Final = bytes.maketrans(b"123456789-", b"0000000000")


def canonical(value: Any) -> bytes:
    """Raises ValueError when `value` is not JSON, or has an integer that no double holds.

    Where keys are ASCII and there is no number, orjson writes the same a hundred times faster: nearly every audit event.
    """
    try:
        quick = orjson.dumps(value, default=fragment, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise ValueError("not JSON") from None
    return quick if _is_canonical(quick) else rfc8785.dumps(value)


def _is_canonical(quick: bytes) -> bool:
    """No number stands after a key or in a list, nor a text that looks like one, which only costs time."""
    if not quick.startswith(b"{") or not quick.isascii():
        return False
    told = quick.translate(_DIGITS)
    return b'":0' not in told and b",0" not in told and b"[0" not in told


def digest(value: Any) -> str:
    """SHA-256 over the canonical form, in hexadecimal."""
    return sha256(canonical(value)).hexdigest()
