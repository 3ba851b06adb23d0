"""Every sentence that the hub says to a person, in Arabic, French and English: data in the `*.yaml` files beside this one.

A key is `file.name` (`problems.not-found`). Blanks are `{name}`, or `{count:# row|# rows}` where words go with a number
(`plurals.py`); what fills them never identifies anyone. A door that somebody else ships brings its own sentences:
`texts.yaml` beside it, under the name that it registers (`my_door.no-answer`).
"""

import sys
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import yaml

from hub.texts.plurals import Sentences

LANGUAGES: Final = ("ar", "fr", "en")
DOORS: Final = "hub.adapters"
"""The entry-point group in which doors register."""
_QUOTED: Final = {"ar": "«{}»", "fr": "« {} »"}
_LISTS: Final = frozenset({"known", "formats", "names", "ids", "languages"})
"""The blanks that are filled with several words, one after the other."""


@cache
def catalogue(name: str) -> dict[str, dict[str, str]]:
    """The sentences of one file: key → language → text. Raises FileNotFoundError where there is none."""
    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where there is one
    loaded: dict[str, dict[str, str]] = yaml.load(_file(name).read_text("utf-8"), Loader=safe)  # noqa: S506
    return loaded


def _file(name: str) -> Traversable:
    """Ours first, so that no door can speak in the hub's words; then those of the door that is installed or loaded as this."""
    ours = files(__name__).joinpath(f"{name}.yaml")
    if ours.is_file():
        return ours
    installed = [point.module for point in entry_points(group=DOORS) if point.name == name]
    for module in (*installed, *({name} & sys.modules.keys())):
        if (theirs := files(module).joinpath("texts.yaml")).is_file():
            return theirs
    return ours


def say(key: str, language: str, **blanks: object) -> str:
    """The sentence `key` in `language` (English where the language is not one of ours). Raises KeyError for an unknown key."""
    name, _, rest = key.partition(".")
    entry = catalogue(name)[rest]
    spoken = language if language in entry else "en"
    filled = {key: _as_written(key, one, language) for key, one in blanks.items()}
    return Sentences(spoken).vformat(entry[spoken], (), filled)


def _as_written(blank: str, filled: object, language: str) -> object:
    """What fills a blank, with the quotation marks and the commas of the language around and between its words."""
    if not isinstance(filled, str):
        return filled
    if filled.startswith("“") and filled.endswith("”") and language in _QUOTED:
        return _QUOTED[language].format(filled[1:-1])
    return filled.replace(", ", "، ") if blank in _LISTS and language == "ar" else filled


def choose_language(accepted: str | None) -> str:
    """The best of our languages for an `Accept-Language` header or a POSIX locale such as `fr_MA.UTF-8`; English by default."""
    weighted: list[tuple[float, str]] = []
    for item in (accepted or "").split(","):
        tag, _, weight = item.strip().partition(";q=")
        language = tag.replace("_", "-").split("-")[0].split(".")[0].lower()
        try:
            weighted.append((-float(weight or 1), {"ary": "ar"}.get(language, language)))
        except ValueError:
            continue
    return next((language for _, language in sorted(weighted, key=lambda w: w[0]) if language in LANGUAGES), "en")
