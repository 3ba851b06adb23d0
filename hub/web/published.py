"""What is told to everybody without a token, the same each time: with an ETag, and sentences in the language that was asked for.

https://www.rfc-editor.org/rfc/rfc9110#section-13 (conditional requests)
"""

import hashlib

from flask import Request, Response, request

from hub.errors import BAD_PARAMETER, HubError
from hub.texts import LANGUAGES, choose_language


def asked_language(asked: Request) -> str:
    """The language of `?lang=`, or else of Accept-Language. Raises BAD_PARAMETER."""
    wanted = asked.args.get("lang")
    if wanted is None:
        return choose_language(asked.headers.get("Accept-Language"))
    if wanted not in LANGUAGES:
        raise HubError(BAD_PARAMETER, path="http.lang", parameter="lang", expected=", ".join(LANGUAGES))
    return wanted


def spoken(answer: Response, language: str) -> Response:
    answer.headers["Content-Language"] = language
    answer.vary.add("Accept-Language")
    return answer


def published(content: bytes, media: str) -> Response:
    """An answer that any web page may read."""
    answer = kept(content, media, version=content)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def kept(content: bytes, media: str, *, version: bytes) -> Response:
    """What a client has already is not sent again. `version`: what tells one content from another."""
    answer = Response(content, content_type=media)
    answer.set_etag(hashlib.sha256(version).hexdigest()[:32])
    answer.headers["Cache-Control"] = "no-cache"  # keep it, and ask whether it is still so
    answer.make_conditional(request)
    return answer
