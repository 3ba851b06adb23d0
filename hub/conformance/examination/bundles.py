"""Bundles: what R4 says of their entries beyond the invariants bdl-*.

https://hl7.org/fhir/R4/bundle.html#bundle-unique: a fullUrl that is an address ends with the id of its resource.
"""

from typing import Any, Final

from hub.conformance.examination.findings import Findings

ADDRESSES: Final = ("http://", "https://")


def check(bundle: dict[str, Any], path: str, found: Findings) -> None:
    entries = bundle.get("entry")
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            _check_entry(entry, f"{path}.entry[{number}]", found)


def _check_entry(entry: dict[str, Any], path: str, found: Findings) -> None:
    url, resource = entry.get("fullUrl"), entry.get("resource")
    if not isinstance(url, str) or not isinstance(resource, dict):
        return
    id_ = resource.get("id")
    if isinstance(id_, str) and url.startswith(ADDRESSES) and url.rpartition("/")[2] != id_:
        found.error("value", "full-url-and-id", f"{path}.fullUrl")
