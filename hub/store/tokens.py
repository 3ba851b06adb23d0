"""Tokens as the database keeps them, with the Consents that they are bound to.

    {_id: hash, client, organization, scopes, purpose, since, until, kid,
     practitioner, roles, account, family,   of a person
     binding: {consents: [{id, v}], kept: [{person, custodian}], until, policies, residual: JSON}}

A token is good for as long as each of its Consents is in the version that was read. That is asked at every use: a withdrawal
writes a new version, in its own transaction, so the next look-up of any process finds the token ended.
"""

import orjson

from hub.ports import LONG_AGO, Binding, Kept, Token
from hub.store.schema import Document, Mongo


def token_document(token: Token) -> Document:
    return {
        "_id": token.hash,
        "client": token.client,
        "organization": token.organization,
        "scopes": sorted(token.scopes),
        "purpose": token.purpose,
        "until": token.until,
        "since": token.since,
        "kid": token.kid,
        **({"practitioner": token.practitioner, "roles": sorted(token.roles)} if token.practitioner else {}),
        **({"account": token.account, "family": token.family} if token.family else {}),
        **({"binding": _binding_document(token.binding)} if token.binding else {}),
    }


def read_token(found: Document) -> Token:
    return Token(
        hash=found["_id"],
        client=found["client"],
        organization=found["organization"],
        scopes=frozenset(found["scopes"]),
        purpose=found["purpose"],
        until=found["until"],
        since=found.get("since", LONG_AGO),
        kid=found.get("kid", ""),
        practitioner=found.get("practitioner", ""),
        roles=frozenset(found.get("roles", ())),
        account=found.get("account", ""),
        family=found.get("family", ""),
        binding=_binding(found["binding"]) if "binding" in found else None,
    )


def stands(found: Document, database: Mongo) -> bool:
    """Whether every Consent that a token is bound to is still in the version that was read."""
    bound = {one["id"]: one["v"] for one in found.get("binding", {}).get("consents", ())}
    if not bound:
        return True
    now = database["Consent"].find({"_id": {"$in": list(bound)}}, {"v": 1})
    return {one["_id"]: one["v"] for one in now} == bound


def _binding_document(binding: Binding) -> Document:
    return {
        "consents": [{"id": id_, "v": version} for id_, version in binding.consents],
        "kept": [kept._asdict() for kept in sorted(binding.kept)],
        "until": binding.until,
        "policies": list(binding.policies),
        "residual": orjson.dumps(binding.residual).decode(),
    }


def _binding(found: Document) -> Binding:
    return Binding(
        consents=tuple((one["id"], one["v"]) for one in found["consents"]),
        kept=frozenset(Kept(one["person"], one["custodian"]) for one in found["kept"]),
        until=found["until"],
        policies=tuple(found["policies"]),
        residual=tuple(orjson.loads(found["residual"])),
    )
