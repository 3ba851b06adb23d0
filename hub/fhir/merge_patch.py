"""JSON Merge Patch: an object laid over another; null takes a member away, a list is replaced as a whole.

RFC 7396, https://www.rfc-editor.org/rfc/rfc7396#section-2. No media type of FHIR; clients such as fhirpy send it.
"""

from typing import Any


def apply(document: Any, patch: Any) -> Any:
    """The document with the patch laid over it; `document` itself is left as it was."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = apply(merged.get(name), value)
    return merged
