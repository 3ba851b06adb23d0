"""What a client sends to the endpoints of the authorization server: a form with a fresh proof of who it is."""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from hub.oauth import assertion
from tests.support.parties import KEY, TOKEN_URL, Clock


def proven(client: str, *, key: Mapping[str, Any] = KEY, **asked: str) -> dict[str, str]:
    """The form, signed by the client."""
    signed = assertion.sign(key, client, TOKEN_URL, now=Clock().now())
    return {"client_assertion_type": assertion.TYPE, "client_assertion": signed, **asked}


def ask(app: Flask, path: str, form: Mapping[str, str], **headers: str) -> TestResponse:
    with app.test_client() as http:
        return http.post(
            path, data=dict(form), headers={name.replace("_", "-"): text for name, text in headers.items()}
        )


def ask_token(app: Flask, client: str, scope: str, *, key: Mapping[str, Any] = KEY) -> TestResponse:
    return ask(app, "/oauth/token", proven(client, key=key, grant_type="client_credentials", scope=scope))
