"""A mapping that `extends` another: what a deployment says about its own form, over what the general mapping says.

Columns and figures are merged setting by setting, with the overlay's headers and words before the others, and no header under two
columns; a block of resources replaces those of the same local name; checks and what is left out are added; everything else is
replaced.
"""

from typing import Any

from hub.fhir.folding import fold
from hub.mapping.document import Document, Where


def overlay(general: Document, own: Document) -> Document:
    """The two documents as one; every value keeps the file and line it was written in."""
    lines = {**general.lines, **own.lines}
    data = {**general.data, **own.data}
    mine = own.data.get("columns") or {}
    data["columns"] = _settings(_without_headers(general.data.get("columns") or {}, mine), mine)
    data["dates"] = _settings(general.data.get("dates") or {}, own.data.get("dates") or {})
    if general.data.get("figures") and own.data.get("figures"):
        data["figures"] = _settings(general.data["figures"], own.data["figures"])
    picked = _blocks(general, own, "resources")
    checks = _all(general, "checks") + _all(own, "checks")
    marks = _all(general, "left_out") + _all(own, "left_out")
    for key, items in (("resources", picked), ("checks", checks), ("left_out", marks)):
        data[key] = [value for value, _, _ in items]
        for position, (_, document, where) in enumerate(items):
            below = [one for one in document.lines if one[: len(where)] == where]
            lines |= {(key, position, *one[len(where) :]): document.lines[one] for one in below}
    traps, twice = general.traps + own.traps, general.twice + own.twice
    return Document(own.name, data, lines, traps, twice, own.named or _named(own), own.own)


def _named(own: Document) -> frozenset[str]:
    """Those whose headers are said, or that are said to tell records apart: they stand in the form."""
    with_headers = {str(name) for name, one in own.own.items() if isinstance(one, dict) and one.get("headers")}
    key = own.data.get("key")
    return frozenset(with_headers.union(map(str, key if isinstance(key, list) else ())))


def _without_headers(general: dict[str, Any], own: Any) -> dict[str, Any]:
    """The columns of the general mapping, without the headers that the overlay gives to others: it knows whose they are, and they
    are nobody's where it leaves them unread."""
    given = {
        fold(header): name for name, said in (own.items() if isinstance(own, dict) else ()) for header in _headers(said)
    }

    def kept(name: str, said: Any) -> Any:
        headers = said.get("headers") if isinstance(said, dict) else None
        if not isinstance(headers, dict):
            return said
        left = {
            language: [one for one in texts if given.get(fold(str(one)), name) == name]
            if isinstance(texts, list)
            else texts
            for language, texts in headers.items()
        }
        return said if left == headers else {**said, "headers": left}

    return {name: kept(name, said) for name, said in general.items()}


def _headers(said: Any) -> list[str]:
    headers = said.get("headers") if isinstance(said, dict) else None
    lists = headers.values() if isinstance(headers, dict) else ()
    return [str(one) for texts in lists if isinstance(texts, list) for one in texts]


def _settings(general: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(general)
    for name, said in own.items():
        before = general.get(name)
        if not isinstance(said, dict) or not isinstance(before, dict):
            merged[name] = said
            continue
        merged[name] = {**before, **said}
        for listed in ("headers", "words"):
            mine, theirs = said.get(listed), before.get(listed)
            if isinstance(mine, dict) and isinstance(theirs, dict):
                names = dict.fromkeys((*mine, *theirs))
                merged[name][listed] = {one: _together(mine.get(one, []), theirs.get(one, [])) for one in names}
    return merged


def _together(own: Any, general: Any) -> Any:
    """What is no list stays as it was written, for whoever says so."""
    for one in (own, general):
        if not isinstance(one, list):
            return one
    return [*own, *general]


Item = tuple[Any, Document, Where]


def _all(document: Document, key: str) -> list[Item]:
    return [(value, document, (key, position)) for position, value in enumerate(document.data.get(key) or ())]


def _blocks(general: Document, own: Document, key: str) -> list[Item]:
    mine = _all(own, key)
    replaced = {_local(value) for value, _, _ in mine}
    kept: list[Item] = []
    for item in _all(general, key):
        local = _local(item[0])
        if local not in replaced:
            kept.append(item)
            continue
        kept += [one for one in mine if _local(one[0]) == local]
        mine = [one for one in mine if _local(one[0]) != local]
    return kept + mine


def _local(block: Any) -> str:
    return str(block.get("local", "")) if isinstance(block, dict) else ""
