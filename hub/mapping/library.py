"""Where mappings and concept maps are found: a deployment's own folders first, then the packaged ones.

A mapping `spreadsheet/register-fr` is the file `spreadsheet/register-fr/mapping.yaml`. A concept map `services` is
`services.json` beside the mapping, or in the folder `concept-maps` of any of the places.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, NamedTuple

from hub.errors import MISCONFIGURED, UNKNOWN_MAPPING, HubError
from hub.fhir.contract import resolved
from hub.mapping.document import Document, read
from hub.mapping.overlay import overlay

PACKAGE: Final = "mappings"
FILE: Final = "mapping.yaml"
_DEEPEST: Final = 4


class WordList(NamedTuple):
    """The JSON of a ConceptMap, and the file as a person finds it."""

    name: str
    text: str


class Library:
    """The folders of one deployment and the packaged mappings."""

    def __init__(self, search: Sequence[Path] = ()) -> None:
        self._places: tuple[Traversable, ...] = (*search, files(PACKAGE))

    def document(self, reference: str, named_in: str = "") -> tuple[Document, tuple[Traversable, ...]]:
        """A mapping with all that it extends, and the folders its concept maps may lie in. Raises HubError(MISCONFIGURED),
        or HubError(UNKNOWN_MAPPING) at the place that names it."""
        document, folders = self._one(reference, named_in)
        for _ in range(_DEEPEST):
            general = document.data.get("extends")
            if not general:
                return document, folders
            below, more = self._one(str(general), document.place(("extends",)), skip=folders[0])
            said = {key: value for key, value in document.data.items() if key != "extends"}
            document = overlay(below, replace(document, data=said))
            folders += more
        raise HubError(MISCONFIGURED, place=document.place(("extends",)), text="mapping.check-extends")

    def concept_map(self, name: str, folders: Sequence[Traversable]) -> WordList | None:
        """The file of a ConceptMap, or None. Raises HubError(MISCONFIGURED) with file and line when it is no text in UTF-8."""
        for folder in (*folders, *(place.joinpath("concept-maps") for place in self._places)):
            file = folder.joinpath(f"{name}.json")
            if file.is_file():
                return WordList(self._name(file), self._text(file))
        return None

    def references(self) -> Iterator[str]:
        """Every mapping there is, by its reference."""
        for place in self._places:
            for tool in _folders(place):
                for form in _folders(tool):
                    if form.joinpath(FILE).is_file():
                        yield f"{tool.name}/{form.name}"

    def has(self, reference: str) -> bool:
        return any(file.is_file() for file, _ in self._candidates(reference))

    def unknown(self, reference: str, named_in: str) -> HubError:
        """That no mapping is called so, with those that are called nearly so, or else all."""
        known = sorted(set(self.references()))
        near = ", ".join(get_close_matches(reference, known, n=3) or known)
        return HubError(UNKNOWN_MAPPING, place=named_in, name=reference, known=near)

    def _one(
        self, reference: str, named_in: str, skip: Traversable | None = None
    ) -> tuple[Document, tuple[Traversable, ...]]:
        for file, folder in self._candidates(reference):
            if file.is_file() and folder != skip:
                document = read(self._text(file), self._name(file))
                if not isinstance(document.data, dict):
                    expected = "id: …, version: …, columns: …"
                    raise HubError(
                        MISCONFIGURED, place=document.place(()), text="mapping.check-shape", expected=expected
                    )
                return document, (folder,)
        if skip is not None and self.has(reference):
            raise HubError(MISCONFIGURED, place=named_in, text="mapping.check-extends")
        raise self.unknown(reference, named_in)

    def _name(self, file: Traversable) -> str:
        """As a person finds it in the folder of a deployment, without the machine's own path."""
        path = Path(str(file))
        for place in self._places:
            if path.is_relative_to(str(place)):
                return f"{PACKAGE}/{path.relative_to(str(place)).as_posix()}"
        return "/".join(path.parts[-3:])

    def _text(self, file: Traversable) -> str:
        raw = file.read_bytes()
        try:
            return resolved(raw.decode("utf-8-sig"))  # some editors of Windows write a mark before the first letter
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise HubError(MISCONFIGURED, place=f"{self._name(file)}:{line}", text="mapping.check-encoding") from None

    def _candidates(self, reference: str) -> Iterator[tuple[Traversable, Traversable]]:
        direct = Path(reference)
        if direct.suffix in {".yaml", ".yml"}:
            yield direct, direct.parent
        if direct.is_absolute():
            yield direct / FILE, direct
            return
        for place in self._places:
            folder = place.joinpath(*reference.split("/"))
            yield folder.joinpath(FILE), folder


def _folders(place: Traversable) -> list[Traversable]:
    return sorted((one for one in place.iterdir() if one.is_dir()), key=lambda one: one.name) if place.is_dir() else []
