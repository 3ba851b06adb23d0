"""Narrative: the XHTML that a resource may carry, by the whitelist of R4.

https://hl7.org/fhir/R4/narrative.html: formatting only (chapters 7–11 and 15 of HTML 4.0), links and images; no scripts, no
forms, no frames, nothing that an event starts, nothing that is fetched but from http(s) or from within. A document type is
refused, so that no entity expands.
"""

import re
from html.entities import name2codepoint
from typing import Final
from xml.parsers import expat

XHTML: Final = "http://www.w3.org/1999/xhtml"
XML: Final = "http://www.w3.org/XML/1998/namespace"
DEEPEST: Final = 256


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ELEMENTS: Final = _words(
    "p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr address bdo kbd "
    "code samp img map area table thead tbody tfoot tr th td caption col colgroup li ul ol dl dt dd pre sub sup ins del"
)
ATTRIBUTES: Final = _words(
    "title style class id lang dir accesskey tabindex span width align valign char charoff abbr axis headers scope rowspan "
    "colspan xml:lang xml:space xml:id"
)
OWN_ATTRIBUTES: Final = {
    "a": _words("href name rel"),
    "img": _words("src alt border height longdesc usemap ismap"),
    "map": _words("name"),
    "area": _words("href alt coords shape nohref"),
    "table": _words("summary border frame rules cellspacing cellpadding bgcolor"),
    "td": _words("bgcolor nowrap height"),
    "th": _words("bgcolor nowrap height"),
    "tr": _words("bgcolor"),
    "br": _words("clear"),
    "blockquote": _words("cite"),
    "q": _words("cite"),
    "ins": _words("cite datetime"),
    "del": _words("cite datetime"),
    "ol": _words("type start"),
    "ul": _words("type"),
    "li": _words("type value"),
    "hr": _words("size noshade"),
}
LINKS: Final = frozenset({"href", "cite", "longdesc"})
_ENTITY: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*(?=:)")
_BLANK: Final = re.compile(r"[\x00-\x20]+")
_ACTIVE_STYLE: Final = re.compile(
    r"expression\s*\(|javascript:|@import|behaviou?r\s*:|url\s*\(\s*+['\"]?+\s*+(?!data:|#)", re.IGNORECASE
)
_XML_ENTITIES: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})


class _Refused(Exception):  # noqa: N818 — an answer that leaves the parser at once
    pass


def is_allowed(written: str) -> bool:
    """txt-1: nothing but what R4 allows, and it can be read."""
    return _look(written) is not None


def says_something(written: str) -> bool:
    """txt-2: there is text or an image. What cannot be read is told by txt-1."""
    return _look(written) is not False


def _look(written: str) -> bool | None:
    """None: not allowed. Otherwise whether there is anything to see."""
    seen: list[bool] = []
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        namespace, _, local = name.rpartition(" ")
        if namespace != XHTML or (depth == 1) != (depth == 1 and local == "div") or depth > DEEPEST:
            raise _Refused
        if local not in ELEMENTS or not all(_is_allowed(local, key, value) for key, value in attributes.items()):
            raise _Refused
        if local == "img":
            seen.append(True)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def text(data: str) -> None:
        if data.strip():
            seen.append(True)

    def refuse(*_: object) -> None:
        raise _Refused

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(_ENTITY.sub(_character, written), True)
    except (_Refused, expat.ExpatError, UnicodeError, ValueError):
        return None
    return bool(seen)


def _character(entity: re.Match[str]) -> str:
    """HTML's names of characters as numbers: XML itself knows five."""
    code = name2codepoint.get(entity[1])
    return entity[0] if code is None or entity[1] in _XML_ENTITIES else f"&#{code};"


def _is_allowed(element: str, key: str, value: str) -> bool:
    name = "xml:" + key.removeprefix(f"{XML} ") if key.startswith(XML) else key
    if name not in ATTRIBUTES and name not in OWN_ATTRIBUTES.get(element, ()):
        return False
    if name == "style":
        return not _ACTIVE_STYLE.search(value)
    if name == "src":
        return _scheme(value) in {"http", "https", "data", ""}
    return name not in LINKS or _scheme(value) not in {"javascript", "vbscript", "data"}


def _scheme(address: str) -> str:
    found = _SCHEME.match(_BLANK.sub("", address).lower())
    return found[0] if found else ""
