"""Clients as documents, and a client's change inside a transaction."""

from typing import Any, Final

import orjson
from pymongo.client_session import ClientSession

from hub.errors import Conflict
from hub.ports import Client
from hub.store.schema import Document, Mongo


def change(client: Client, replaces: Client | None, database: Mongo, session: ClientSession) -> None:
    """Raises Conflict where the client is not any more what its change was computed from."""
    new = client_document(client)
    if replaces is None:
        database.clients.insert_one(new, session=session)
        return
    if not database.clients.replace_one(_as_known(replaces), new, session=session).matched_count:
        raise Conflict
    database.tokens.delete_many(_ended(client), session=session)
    if client.disabled:
        for name in ("codes", "refreshes"):
            database[name].delete_many({"client": client.id}, session=session)


def _as_known(client: Client) -> Document:
    """A document from before a field was kept is known by its absence."""
    absent: dict[str, Any] = client_document(Client(client.id, "", {}, frozenset(), ()))
    return {
        name: {"$in": [value, None]} if name in _LATER and value == absent[name] else value
        for name, value in client_document(client).items()
    }


_LATER: Final = frozenset({"introspects", "redirects", "is_public", "disabled", "jwks_url"})


def _ended(client: Client) -> Document:
    if client.disabled:
        return {"client": client.id}
    return {"client": client.id, "kid": {"$nin": ["", *(str(key.get("kid")) for key in client.jwks.get("keys", ()))]}}


def client_document(client: Client) -> Document:
    return {
        "_id": client.id,
        "organization": client.organization,
        "jwks": orjson.dumps(client.jwks).decode(),
        "scopes": sorted(client.scopes),
        "purposes": list(client.purposes),
        "title": client.title,
        "introspects": client.introspects,
        "redirects": list(client.redirects),
        "is_public": client.is_public,
        "disabled": client.disabled,
        "jwks_url": client.jwks_url,
    }


def read_client(found: Document) -> Client:
    return Client(
        id=found["_id"],
        organization=found["organization"],
        jwks=orjson.loads(found["jwks"]),
        scopes=frozenset(found["scopes"]),
        purposes=tuple(found["purposes"]),
        title=found["title"],
        introspects=found.get("introspects", False),
        redirects=tuple(found.get("redirects", ())),
        is_public=found.get("is_public", False),
        disabled=found.get("disabled", False),
        jwks_url=found.get("jwks_url", ""),
    )
