"""What an element is called and what it means, in plain Arabic, French and English, for whoever reads the contract without FHIR.

A profile's own words come first: `label` is a title, `short` or `definition` a description, each with its translations
(https://hl7.org/fhir/R4/extension-translation.html). Then those of the extension or of the code by which a slice is known. Then
those of `profiles/words` for R4's element: by its path, else by its last name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from hub.fhir import Resource
from hub.fhir.definitions import Profile, load
from hub.fhir.r4 import EXTENSION
from hub.fhir.terminology import translations

LANGUAGES: Final = ("ar", "fr", "en")


@dataclass(frozen=True)
class Words:
    """A short label, and a sentence or two where there is more to say."""

    title: str
    description: str = ""


def words(profile: Profile, id_: str, language: str) -> Words:
    """The words for one element of a profile, by element id (`Patient.identifier:survivor-code.value`)."""
    own = profile.stated(id_)
    short = translated(own, "short", language)
    known = _of_slice(profile, id_, short, language) or _of_r4(profile, id_, language)
    title = translated(own, "label", language) or known.title
    description = translated(own, "definition", language) or short or known.description
    return Words(title, "" if description == title else description)


def of_profile(profile: Profile, language: str) -> Words:
    """The words for a profile or an extension as a whole."""
    if profile.url == f"{EXTENSION}{profile.name}":  # HL7's own
        return of_path(profile.name, language)
    title = translated(profile.definition, "title", language) or of_path(profile.type, language).title
    return Words(title, translated(profile.definition, "description", language))


def of_path(path: str, language: str) -> Words:
    """The words for an element of R4 (`Period.start`) or a data type (`Period`); its name where `profiles/words` has none."""
    name = path.rpartition(".")[2]
    found = _catalogue().get(path) or _catalogue().get(f"*.{name}")
    if found is None:
        return Words(name.removesuffix("[x]"))
    return Words(_in(found["title"], language), _in(found.get("description", {}), language))


def has_words(path: str) -> bool:
    """Whether `profiles/words` speaks of this element or data type."""
    return path in _catalogue() or f"*.{path.rpartition('.')[2]}" in _catalogue()


def translated(node: Resource, name: str, language: str) -> str:
    """A text of a definition in the language: the text itself is English. Empty where it is not there in that language."""
    found = translations(node, name)
    return found.get(language, node.get(name, "") if language == "en" else "")


def code_label(system: str, code: str, language: str) -> str | None:
    """The label of a code in this very language; None where there is none."""
    try:
        found = load().code_system(system)
    except KeyError:
        return None
    return found.codes[code].designations.get(language) if found.contains(code) else None


def r4_path(profile: Profile, id_: str) -> str:
    """Where R4 lists an element: `Period.start` for `EpisodeOfCare.period.start`."""
    parent, _, last = id_.rpartition(".")
    return f"{profile.element(parent).below}.{last.partition(':')[0]}" if parent else id_


def _of_slice(profile: Profile, id_: str, short: str, language: str) -> Words | None:
    """A slice is called as the extension or the code by which it is known, else by what its profile says of it."""
    element = profile.element(id_)
    if element.extension_url:
        return of_profile(load().extension_definition(element.extension_url), language)
    if ":" not in id_.rpartition(".")[2]:
        return None
    known = next((key for key in _keys(profile, id_) if key in _catalogue()), None)
    labels = (code_label(system, code, language) for system, code in _codes(profile, id_))
    label = of_path(known, language).title if known else next(filter(None, labels), short)
    return Words(label, _of_r4(profile, id_, language).description) if label else None


def _keys(profile: Profile, id_: str) -> Iterator[str]:
    """The keys under which `profiles/words` may name a slice."""
    at = profile.extension_at(id_)
    if at:
        yield f"{at[1].name}#{at[2]}"
    slice_name = id_.rpartition(":")[2]
    yield f"{profile.element(id_).path}:{slice_name}"
    yield f"{r4_path(profile, id_)}:{slice_name}"


def _of_r4(profile: Profile, id_: str, language: str) -> Words:
    """The deepest path that `profiles/words` has for the element: as it lies in its resource, else in its data type."""
    path = profile.element(id_).path
    return of_path(path if path in _catalogue() else r4_path(profile, id_), language)


def _codes(profile: Profile, id_: str) -> Iterator[tuple[str, str]]:
    """System and code of the pattern by which a slice is known; none where it is known by something else, as its type."""
    try:
        mark = profile.mark(id_)
    except KeyError:
        return
    codings = mark.get("coding", [mark]) if isinstance(mark, Mapping) else ()
    yield from ((one["system"], one["code"]) for one in codings if "system" in one and "code" in one)


def _in(said: Mapping[str, str], language: str) -> str:
    return said.get(language, said.get("en", ""))


@cache
def _catalogue() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where there is one
    found: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for path in files("profiles").joinpath("words").iterdir():
        if path.name.endswith(".yaml"):
            found |= yaml.load(path.read_text("utf-8"), Loader=safe)  # noqa: S506
    return found
