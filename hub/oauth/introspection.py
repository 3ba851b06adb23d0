"""Introspection: what a token is good for, told to who may know.

RFC 7662 · https://profiles.ihe.net/ITI/IUA/index.html (`extensions.ihe_iua`). A client may ask about its own tokens; about
those of others only one that is registered to (`Client.introspects`), as the resource server of a partner is. All else that
is asked about is inactive, in the same three words: a token of somebody else, an ended one, and one that never was.
"""

from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidClientError

from hub.fhir.canonicals import code_system
from hub.oauth import forms, tokens
from hub.oauth.endpoints import Endpoints
from hub.oauth.server import Server
from hub.ports import Binding, Client, Directory, Registry, Token

INACTIVE: Final = {"active": False}
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def introspect(
    form: forms.Form,
    authorization: str | None,
    *,
    server: Server,
    directory: Directory,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    """What is known of a token, as JSON data. Raises an OAuth2Error of Authlib."""
    asked = forms.single(form)
    if authorization is None or "client_assertion" in asked:
        client = forms.proof(asked, server, now).client
    else:
        client = _resource_server(authorization, server.registry, now)
    token = tokens.alive(forms.token(asked), now, server.registry)
    if token is None or not (client.introspects or token.client == client.id):
        return dict(INACTIVE)
    if server.witness and token.client != client.id:
        server.witness.introspected(token, client, now)
    return _known(token, server.endpoints, directory.name(token.organization, language))


def _resource_server(authorization: str, registry: Registry, now: datetime) -> Client:
    """Who asks by a token of its own in the header, as IUA wants it for resource servers."""
    own = tokens.alive(tokens.bearer(authorization), now, registry)
    client = registry.client(own.client) if own and not own.practitioner else None  # a person is no resource server
    if client is None:
        raise InvalidClientError(description="The token in Authorization is not valid.", status_code=401)
    return client


def _known(token: Token, endpoints: Endpoints, organization: str) -> dict[str, Any]:
    return {
        "active": True,
        "scope": " ".join(sorted(token.scopes)),
        "client_id": token.client,
        **_subject(token, endpoints),
        "iss": endpoints.issuer,
        "iat": int(token.since.timestamp()),
        "exp": int(token.until.timestamp()),
        "token_type": "bearer",
        "extensions": {
            "ihe_iua": {
                "subject_organization": organization,
                "subject_organization_id": f"{endpoints.base}/Organization/{token.organization}",
                "purpose_of_use": [{"system": ACT_REASON, "code": token.purpose}],
                **_person(token),
            },
            **({"ihe_pcf": _privacy(token.binding, endpoints)} if token.binding else {}),
        },
    }


def _privacy(binding: Binding, endpoints: Endpoints) -> dict[str, Any]:
    """https://profiles.ihe.net/ITI/PCF/other.html: of a token that stands on consents alone."""
    told = {
        "patient_id": f"{endpoints.base}/Patient/{binding.person}",
        "doc_id": [f"{endpoints.base}/Consent/{id_}" for id_, _ in binding.consents],
        "acp": list(binding.policies),
        "residual": list(binding.residual),
    }
    return {name: value for name, value in told.items() if value}


def _subject(token: Token, endpoints: Endpoints) -> dict[str, str]:
    if not token.practitioner:
        return {"sub": token.client}
    return {"sub": _id(token), "fhirUser": f"{endpoints.base}/{token.practitioner}"}


def _person(token: Token) -> dict[str, Any]:
    """No name: who needs one asks the person's organisation."""
    if not token.practitioner:
        return {}
    roles = [{"system": code_system("desk-role"), "code": code} for code in sorted(token.roles)]
    return {"person_id": _id(token), "subject_role": roles}


def _id(token: Token) -> str:
    return token.practitioner.rpartition("/")[2]
