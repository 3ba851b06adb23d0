"""Tools that call by themselves, as each of them does."""

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx2

from hub.ports import Connection, Heard, Listening, unheard
from tests.support.patience import PATIENCE_S

HINT: Final = "a word that only the tool knows"
NAME: Final = "Zineb Marquée"
"""Stands in what tools send along, and may stand nowhere else."""

SUBMISSION: Final = {"_id": 412, "_uuid": "1c3e", "meta/rootUuid": "uuid:9f00", "identite/nom": NAME}
CASE: Final = {"data": {"record_id": "0b1c", "record_type": "case", "hostname": "primero.example", "name": NAME}}


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"hub:{password}".encode()).decode()


def _kobo(http: httpx2.Client, url: str, secret: str) -> httpx2.Response:
    """https://github.com/kobotoolbox/kpi/tree/main/kobo/apps/hook"""
    agent = {"User-Agent": "KoboToolbox external service - kf.kobotoolbox.org #hXyz", "Authorization": basic(secret)}
    return http.post(url, json=SUBMISSION, headers=agent)


def _kobo_wrapped(http: httpx2.Client, url: str, secret: str) -> httpx2.Response:
    """With a header of one's own, and a template around the submission."""
    return http.post(url, json={"event": "new", "what": SUBMISSION}, headers={"X-API-Key": secret})


def _primero(http: httpx2.Client, url: str, secret: str) -> httpx2.Response:
    """https://github.com/primeroIMS/primero/blob/main/app/services/api_connector/webhook_connector.rb"""
    return http.post(url, json=CASE, headers={"x-api-key": secret})


def _primero_basic(http: httpx2.Client, url: str, secret: str) -> httpx2.Response:
    return http.post(url, json=CASE, headers={"Authorization": basic(secret)})


def _fhir_empty(http: httpx2.Client, url: str, secret: str) -> httpx2.Response:
    """https://hl7.org/fhir/R4/subscription.html#rest-hook"""
    return http.post(url, headers={"Authorization": f"Bearer {secret}"})


def _fhir_ids(http: httpx2.Client, url: str, secret: str) -> httpx2.Response:
    """A notification of the backport, in chunks. https://hl7.org/fhir/uv/subscriptions-backport/"""
    return http.post(
        url, content=iter([b'{"resourceType":', b'"Bundle"}']), headers={"Authorization": f"Bearer {secret}"}
    )


def _fhir_whole(http: httpx2.Client, url: str, secret: str) -> httpx2.Response:
    """A server that sends what changed does so as an update."""
    task = {"resourceType": "Task", "id": "7", "description": NAME}
    return http.put(f"{url}Task/7", json=task, headers={"Authorization": f"Bearer {secret}"})


Call = Callable[[httpx2.Client, str, str], httpx2.Response]
CALLS: Final[Mapping[str, tuple[str, Call]]] = {
    "KoboToolbox": ("kobo", _kobo),
    "KoboToolbox, with a template and a header": ("kobo", _kobo_wrapped),
    "Primero, api_key": ("primero", _primero),
    "Primero, basic_auth": ("primero", _primero_basic),
    "FHIR, empty": ("fhir", _fhir_empty),
    "FHIR, id-only": ("fhir", _fhir_ids),
    "FHIR, full-resource": ("fhir", _fhir_whole),
}


@contextmanager
def listening(adapter: Any, connection: Connection, heard: Heard = unheard) -> Iterator[str]:
    """A listener in a thread; gives its address."""
    assert isinstance(adapter, Listening)
    told: list[Any] = []
    at = threading.Event()

    def ready(*said: Any) -> None:
        told.extend(said)
        at.set()

    thread = threading.Thread(target=adapter.listen, args=(connection, ready, heard), daemon=True)
    thread.start()
    assert at.wait(PATIENCE_S)
    address, stop = told
    try:
        yield f"http://{address}/"
    finally:
        stop()
        thread.join(PATIENCE_S)
