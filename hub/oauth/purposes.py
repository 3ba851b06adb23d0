"""For what purpose a client asks: declared in its assertion, within what it is registered for.

https://hl7.org/fhir/us/udap-security/b2b.html (`extensions.hl7-b2b.purpose_of_use`) ·
http://terminology.hl7.org/CodeSystem/v3-ActReason
"""

from collections.abc import Mapping
from typing import Any, Final

from hub.ports import Client

_SYSTEMS: Final = (
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "urn:oid:2.16.840.1.113883.5.8",
)
ONLY_DECLARED: Final = frozenset({"BTG"})
"""Nobody breaks a glass without saying so."""


class PurposeRefused(ValueError):  # noqa: N818 — the field's word
    """The declared purpose is not one that this client is registered for."""


def purpose(claims: Mapping[str, Any], client: Client) -> str:
    """The one purpose of use of the token to come; the client's first usual one where none is declared. Raises PurposeRefused."""
    declared = _declared(claims)
    usual = [one for one in client.purposes if one not in ONLY_DECLARED]
    if declared is None and usual:
        return usual[0]
    if declared not in client.purposes:
        raise PurposeRefused("not among the client's purposes")
    return declared


def _declared(claims: Mapping[str, Any]) -> str | None:
    extensions = claims.get("extensions")
    b2b = extensions.get("hl7-b2b") if isinstance(extensions, dict) else None
    if not isinstance(b2b, dict) or "purpose_of_use" not in b2b:
        return None
    stated = b2b["purpose_of_use"]
    values = stated if isinstance(stated, list) else [stated]
    if len(values) != 1:  # a token has one purpose: every decision and every audit line names it
        raise PurposeRefused("exactly one purpose")
    return _code(values[0])


def _code(value: Any) -> str:
    if isinstance(value, dict):
        value = f"{value.get('system', _SYSTEMS[0])}|{value.get('code')}"
    system, separator, code = str(value).replace("#", "|").rpartition("|")
    if separator and system not in _SYSTEMS:
        raise PurposeRefused("unknown code system")
    return code
