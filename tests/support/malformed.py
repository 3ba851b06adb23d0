"""Bodies that are no requests: wrong as text, as JSON or as FHIR, sent as no client would. A marked value stands in all of them."""

import gzip
import json
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from hypothesis import strategies as st

from hub.web.interactions import OPERATIONS

MARK: Final = "SOUAD MARQUÉE 0699887761"  # shaped like no code, so that nothing may say it back
LEVELS: Final = 10_000
EXAMPLES: Final = tuple(
    json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[2] / "profiles" / "examples" / "valid").glob("*.json"))
)

Resource = dict[str, Any]


# --- wrong as text or as JSON -----------------------------------------------------------------------------------------


def _text(*parts: str) -> bytes:
    return "".join(parts).encode()


_PATIENT: Final = f'{{"resourceType":"Patient","id":"1","name":[{{"text":"{MARK}"}}]'
WRONG_TEXTS: Final[dict[str, bytes]] = {
    "empty": b"",
    "blank": b" \n\t ",
    "null": b"null",
    "a string": _text('"', MARK, '"'),
    "a list": _text('["', MARK, '"]'),
    "cut off": _text(_PATIENT),
    "two documents": _text(_PATIENT, "}{}"),
    "a comma too many": _text(_PATIENT, ",}"),
    "a comment": _text("/* ", MARK, " */ {}"),
    "single quotes": _text("{'", MARK, "': 1}"),
    "lists in lists": b"[" * LEVELS + b"]" * LEVELS,
    "lists in lists, cut off": b"[" * LEVELS * 10,
    "objects in objects": b'{"a":' * LEVELS + _text(f'"{MARK}"') + b"}" * LEVELS,
    "objects in objects, cut off": b'{"a":' * LEVELS * 10,
    "deep in a resource": _text(_PATIENT, ',"a":') + b"[" * LEVELS + b"]" * LEVELS + b"}",
    "the same key twice": _text(_PATIENT, f',"{MARK}":1,"{MARK}":2}}'),
    "the same key twice below": _text(_PATIENT, f',"a":{{"{MARK}":1,"{MARK}":2}}}}'),
    "the type twice": _text(_PATIENT, ',"resourceType":"Patient"}'),
    "NaN": _text(_PATIENT, ',"a":NaN}'),
    "Infinity": _text(_PATIENT, ',"a":-Infinity}'),
    "a number that overflows": _text(_PATIENT, ',"a":1e400}'),
    "a number of very many digits": _text(_PATIENT, ',"a":') + b"9" * 100_000 + b"}",
    "a fraction of very many digits": _text(_PATIENT, ',"a":0.') + b"9" * 100_000 + b"}",
    "a leading zero": _text(_PATIENT, ',"a":01}'),
    "half a surrogate pair": _text(_PATIENT, ',"a":"\\ud83d"}'),
    "half a surrogate pair as a key": _text(_PATIENT, ',"\\udc00":1}'),
    "a surrogate in UTF-8": _text(_PATIENT, ',"a":"') + b'\xed\xa0\x80"}',
    "no UTF-8": _text(_PATIENT, ',"a":"') + b'\xff\xfe\xfa"}',
    "Latin-1": (_PATIENT + "}").encode("latin-1"),
    "UTF-16": (_PATIENT + "}").encode("utf-16"),
    "UTF-16 without a mark": (_PATIENT + "}").encode("utf-16-le"),
    "UTF-32": (_PATIENT + "}").encode("utf-32"),
    "a mark of UTF-8, then nothing": b"\xef\xbb\xbf",
    "two marks of UTF-8": b"\xef\xbb\xbf\xef\xbb\xbf" + _text(_PATIENT, "}"),
    "NUL": b"\x00",
    "NUL in a string": _text(_PATIENT, ',"a":"\x00"}'),
    "NUL, escaped": _text(_PATIENT, ',"birthDate":"\\u0000","\\u0000":"\\u0000"}'),
    "compressed": gzip.compress(_text(_PATIENT, "}")),
    "a bomb": zlib.compress(b"[" * 50_000_000, 9),
    "very many lists": b"[" + b"[]," * 600_000 + b"[]]",
    "very many objects": b"[" + b"{}," * 600_000 + b"{}]",
    "very many numbers": b"[" + b"1.00," * 600_000 + b"1]",
    "very many names": b"{" + b",".join(b'"a%d":1' % n for n in range(150_000)) + b"}",
    "XML": _text('<Patient xmlns="http://hl7.org/fhir"><name value="', MARK, '"/></Patient>'),
    "entities in entities": b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><Patient>&c;</Patient>',
    "a form": _text("name=", MARK, "&grant_type=", MARK),
    "a form of very many fields": b"&".join(b"a%d=1" % n for n in range(15_000)),
    "a form with half letters": b"name=%ED%A0%80%FF%00&%FF=%00&=&&==",
    "parts of a form": _text("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n", MARK, "\r\n--x--\r\n"),
}  # fmt: skip


def _spoilt(whole: bytes, at: int, how: bytes, taken: int) -> bytes:
    at %= len(whole) + 1
    return whole[:at] + how + whole[at + taken :]


_WHOLE: Final = st.sampled_from(
    [json.dumps(one | {"note": [{"text": MARK}]}, ensure_ascii=False).encode() for one in EXAMPLES]
)
_PIECES: Final = st.sampled_from(
    [b"", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u", b"\\ud800", b"\x00", b"\xff", b"\xef\xbb\xbf", b"null", b"NaN", b"-",
     b"1e9999", b"0.0", b'"a":1,"a":1,', b"[[[[[[[[[[", b"\xed\xa0\x80", b"/*", MARK.encode()]
) | st.binary(max_size=8)  # fmt: skip
SPOILT: Final = st.builds(_spoilt, _WHOLE, st.integers(0, 10_000), _PIECES, st.integers(0, 40))
TEXTS: Final = st.sampled_from(sorted(WRONG_TEXTS)).map(WRONG_TEXTS.__getitem__) | SPOILT


# --- wrong as FHIR: right texts, wrong types --------------------------------------------------------------------------

_ODD: Final[st.SearchStrategy[Any]] = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, -1, 10**15, 1.5, "", " ", MARK, "\x00", "\u202e", "Patient/1", "2026-02-30", "a" * 5000])
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "url",
                    "value",
                    "coding",
                    "code",
                    "system",
                    "reference",
                    "extension",
                    "meta",
                    "x",
                    "_x",
                    "",
                    "$ref",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def places(node: Any, so_far: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to every value of a document, itself included."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [so_far, *(place for key, child in children for place in places(child, (*so_far, key)))]


def replaced(node: Any, place: tuple[str | int, ...], value: Any) -> Any:
    if not place:
        return value
    first, rest = place[0], place[1:]
    if isinstance(node, list):
        return [replaced(child, rest, value) if n == first else child for n, child in enumerate(node)]
    return {key: replaced(child, rest, value) if key == first else child for key, child in node.items()}


@st.composite
def mistyped(draw: st.DrawFn, among: Sequence[Resource] = EXAMPLES) -> Any:
    """One of our valid examples (or others) with up to three of its values replaced by what does not belong there."""
    resource: Any = draw(st.sampled_from(among))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(resource)[1:] or [()]))
        old = resource
        for step in place:
            old = old[step]
        value = draw(_ODD | st.sampled_from([[old], {"value": old}, [old, old], None, str(old)[:20], [[old]], [None]]))
        resource = replaced(resource, place, value)
        if not isinstance(resource, dict):
            break
    return resource


# --- how it is sent ---------------------------------------------------------------------------------------------------

JSON_MEDIA, PATCH_MEDIA, FORM_MEDIA = (
    "application/fhir+json", "application/json-patch+json", "application/x-www-form-urlencoded",
)  # fmt: skip
MEDIA: Final = (
    JSON_MEDIA, PATCH_MEDIA, FORM_MEDIA, "application/json", "application/fhir+json; charset=utf-16", "application/fhir+json; fhirVersion=5.0",
    "application/fhir+xml", "text/plain", "multipart/form-data; boundary=x", "multipart/form-data", "", ";", "a" * 300,
)  # fmt: skip
ENCODINGS: Final = ("", "", "", "gzip", "deflate", "br", "identity", "x")


@dataclass(frozen=True)
class Route:
    """An address that takes a body, and the media type that it asks for."""

    method: str
    path: str
    media: str = JSON_MEDIA
    file: bool = False  # takes files too, of any kind of FILES

    @property
    def is_oauth(self) -> bool:
        return self.path.startswith("/oauth")


def routes(patient: str, task: str) -> list[Route]:
    """All of them; the operations as the hub itself lists them."""
    asked = [
        Route(
            "POST",
            rule.replace("<type_>", "Patient").replace("<id_>", patient if "<type_>" in rule else "milieu"),
            file=bool(operation.file),
        )
        for operation in OPERATIONS
        for rule in operation.rules
    ]
    return [
        Route("POST", "/fhir/Patient"),
        Route("PUT", f"/fhir/Patient/{patient}"),
        Route("PATCH", f"/fhir/Patient/{patient}", PATCH_MEDIA),
        Route("PATCH", f"/fhir/Task/{task}", PATCH_MEDIA),
        Route("POST", "/fhir/Patient/_search", FORM_MEDIA),
        Route("POST", "/oauth/token", FORM_MEDIA),
        *asked,
    ]


@dataclass(frozen=True)
class Told:
    status: int
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(
    base_url: str,
    route: Route,
    body: bytes,
    *,
    token: str,
    media: str | None,
    encoding: str = "",
    chunked: bool = False,
) -> Told:
    """One request on a connection of its own. A server may answer, and close, before it has read all."""
    headers = {"Authorization": f"Bearer {token}", "If-Match": 'W/"1"', "Connection": "close"}
    headers |= {} if media is None else {"Content-Type": media}
    headers |= {"Content-Encoding": encoding} if encoding else {}
    sent: Any = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body
    address = urlsplit(base_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
    try:
        with suppress(
            BrokenPipeError, ConnectionResetError
        ):  # refused while it was being sent: the answer may be there
            connection.request(route.method, route.path, sent, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        return Told(answer.status, answer.read())
    except (ConnectionResetError, BrokenPipeError):
        return Told(0, b"")
    finally:
        connection.close()
