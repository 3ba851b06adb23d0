"""Values of a source's cells as JSON text and back, each as exactly the Python value it was: a quarantined record is replayed
from this text, and a date that came back as a string would be another record.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from hub.fhir.decimals import Written

_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
    "$decimal": Decimal,
    "$written": Written,
    "$bytes": b64decode,
    "$map": dict,
}


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dump(value: Any) -> str:
    """Raises TypeError for a value that is of no type known here."""
    return _ENCODER.encode(_tagged(value))


def load(text: str) -> Any:
    return json.loads(text, object_hook=_untagged)


def _tagged(value: Any) -> Any:  # noqa: PLR0911 — one line per type
    match value:
        case Written():
            return {"$written": value.text}
        case None | bool() | int() | float() | str():
            return value
        case dict() | Mapping():  # to ask of a dict is quick
            return _tagged_map(value)
        case list() | tuple():
            return [_tagged(item) for item in value]
        case datetime():  # before date: every datetime is one
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case timedelta():
            return {"$timedelta": [value.days, value.seconds, value.microseconds]}
        case Decimal():
            return {"$decimal": str(value)}
        case bytes():
            return {"$bytes": b64encode(value).decode("ascii")}
    raise TypeError(f"a cell of type {type(value).__name__}")


def _tagged_map(value: Mapping[Any, Any]) -> Any:
    """A map that JSON could not tell from a tag, or whose keys are not all text, is written as pairs."""
    plain = all(isinstance(key, str) for key in value) and not (len(value) == 1 and next(iter(value)).startswith("$"))
    if plain:
        return {key: _tagged(item) for key, item in value.items()}
    return {"$map": [[_tagged(key), _tagged(item)] for key, item in value.items()]}


def _untagged(found: dict[str, Any]) -> Any:
    if len(found) != 1:
        return found
    ((tag, content),) = found.items()
    if tag == "$timedelta":
        return timedelta(*content)
    return _READ[tag](content) if tag in _READ else found
