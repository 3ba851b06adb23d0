"""Every sentence that the hub says to a person, in Arabic, French and English: data in the `*.yaml` files beside this one.

A key is `file.name` (`problems.not-found`). Blanks are `{name}`; what fills them never identifies anyone.
"""

from functools import cache
from importlib.resources import files
from typing import Final

import yaml

LANGUAGES: Final = ("ar", "fr", "en")


@cache
def catalogue(name: str) -> dict[str, dict[str, str]]:
    """The sentences of one file: key → language → text."""
    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where there is one
    text = files(__name__).joinpath(f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, dict[str, str]] = yaml.load(text, Loader=safe)  # noqa: S506
    return loaded


def say(key: str, language: str, **blanks: object) -> str:
    """The sentence `key` in `language` (English where the language is not one of ours). Raises KeyError for an unknown key."""
    name, _, rest = key.partition(".")
    entry = catalogue(name)[rest]
    return entry.get(language, entry["en"]).format(**blanks)


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
