"""The mapping format as a JSON Schema, for editors that complete and check while somebody writes.

https://json-schema.org/draft/2020-12/schema. Made from the loader's own lists, so that both know the same keys. What depends on
profiles, concept maps and other columns is for the loader alone: `hub check`.
"""

from typing import Any, Final

from hub.mapping.columns import CODED, SETTINGS
from hub.mapping.left_out import ASKS
from hub.mapping.otherwise import SERVICE_OF
from hub.mapping.plan import BESIDE
from hub.mapping.reading import BLOCK, TOP
from hub.mapping.transforms import TRANSFORMS, parameters
from hub.texts import LANGUAGES

Schema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
ID: Final = "https://ihala.example/schemas/mapping.schema.json"
COMMON: Final = ("id", "version")
READS: Final = ("kinds", "columns", "resources")
"""What a mapping that extends no other must say."""

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": {"type": ["string", "number"]}}


def schema() -> Schema:
    known: Schema = {
        "id": _TEXT,
        "version": _TEXT,
        "title": {
            "type": "object",
            "properties": dict.fromkeys(LANGUAGES, _TEXT),
            "required": list(LANGUAGES),
            "additionalProperties": False,
        },
        "language": {"enum": list(LANGUAGES)},
        "kinds": _TEXTS,
        "blank": _TEXTS,
        "key": _TEXTS,
        "sheet": _TEXT,
        "extends": _TEXT,
        "columns": {"type": "object", "additionalProperties": _column()},
        "resources": {"type": "array", "items": _closed(BLOCK, required=("local", "profile"))},
        "checks": {"type": "array", "items": {"type": "object", "required": ["when", "say", "column"]}},
        "left_out": {"type": "array", "items": _mark()},
        "follow_up": {"type": "object", "properties": {"beside": _closed(BESIDE)}},
    }
    return {
        "$schema": DRAFT,
        "$id": ID,
        "title": "A mapping of the hub",
        "type": "object",
        "properties": {key: known.get(key, {}) for key in sorted(TOP)},
        "additionalProperties": False,
        "if": {"not": {"required": ["extends"]}},
        "then": {
            "required": ["title", *COMMON],
            "if": {"not": {"required": ["figures"]}},  # figures go out: no record is read, and none is needed
            "then": {"required": list(READS)},
        },
    }


def _column() -> Schema:
    """A column with its transform has that transform's settings, beside those of all columns."""
    settings = sorted({*SETTINGS, *(name for kind in TRANSFORMS for name in parameters(kind))})
    known: Schema = {
        "headers": {"type": "object", "additionalProperties": _TEXTS},
        "transform": {"enum": list(TRANSFORMS)},
        "on_error": {"enum": ["quarantine", "warn"]},
        "direction": {"enum": ["both", "forward", "back"]},
        "required": {"type": "boolean"},
        "repeat": {"type": "boolean"},
        "ignored": {"type": "boolean"},
        "in": _TEXT,
        "class": _TEXT,
        "otherwise": {
            "anyOf": [
                _TEXT,
                {
                    "type": "object",
                    "properties": {SERVICE_OF: _TEXT},
                    "required": [SERVICE_OF],
                    "additionalProperties": False,
                },
            ]
        },
        "adds_to": _TEXT,
        "ticks": {"type": "object", "additionalProperties": _TEXT, "minProperties": 1, "maxProperties": 1},
    }
    return {
        "type": "object",
        "properties": {name: known.get(name, {}) for name in settings},
        "additionalProperties": False,
        "allOf": [_settings_of(kind) for kind in TRANSFORMS],
    }


def _mark() -> Schema:
    """A column and one thing that is asked of it."""
    word: Schema = {"type": ["string", "number", "boolean"]}
    words: Schema = {"type": "array", "items": word, "minItems": 1}
    return {
        "type": "object",
        "properties": {"column": _TEXT, "equals": word, "one_of": words, "begins": {"anyOf": [word, words]}},
        "required": ["column"],
        "oneOf": [{"required": [one]} for one in sorted(ASKS)],
        "additionalProperties": False,
    }


def _settings_of(kind: str) -> Schema:
    allowed = sorted({*SETTINGS, *parameters(kind), *({"words"} if kind in CODED else ())})
    return {
        "if": {"properties": {"transform": {"const": kind}}, "required": ["transform"]},
        "then": {"propertyNames": {"enum": allowed}},
    }


def _closed(names: frozenset[str], required: tuple[str, ...] = ()) -> Schema:
    found: Schema = {
        "type": "object",
        "properties": {name: {} for name in sorted(names)},
        "additionalProperties": False,
    }
    return found | ({"required": list(required)} if required else {})
