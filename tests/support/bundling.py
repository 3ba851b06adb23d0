"""Requests put into a batch or a transaction, as a client would that saves the way: each in it must tell no more than alone.

https://hl7.org/fhir/R4/http.html#transaction
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from hub.fhir import Resource

_SPELLED: Final = {"If_Match": "ifMatch", "If_None_Exist": "ifNoneExist", "If_None_Match": "ifNoneMatch"}
MOST: Final = 4


def bundle(kind: str, chance: Random, request: Callable[[], Any]) -> Resource:
    """A bundle of this kind of some requests; what can be asked by a form or after a reading alone is left out."""
    asked = [one for one in (request() for _ in range(chance.randrange(1, MOST + 1))) if _can_be_put(one)]
    return {"resourceType": "Bundle", "type": kind, "entry": [_entry(one) for one in asked]}


def _can_be_put(ask: Any) -> bool:
    resource = ask.body is None or (isinstance(ask.body, dict) and "resourceType" in ask.body)
    return ask.edit is None and resource and ask.path.startswith("/fhir/") and len(ask.path) > len("/fhir/")


def _entry(ask: Any) -> Resource:
    said = {_SPELLED[name]: value for name, value in ask.headers if name in _SPELLED}
    resource = {"resource": ask.body} if ask.body is not None else {}
    return {**resource, "request": {"method": ask.method, "url": ask.path.removeprefix("/fhir/"), **said}}
