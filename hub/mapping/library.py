"""Where mappings and concept maps are found: a deployment's own folders first, then the packaged ones.

A mapping `spreadsheet/register-fr` is the file `spreadsheet/register-fr/mapping.yaml`. A concept map `services` is
`services.json` beside the mapping, or in the folder `concept-maps` of any of the places.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from hub.errors import MISCONFIGURED, HubError
from hub.fhir import Resource
from hub.fhir.contract import resolved
from hub.fhir.serial import loads
from hub.mapping.document import Document, read
from hub.mapping.overlay import overlay

PACKAGE: Final = "mappings"
FILE: Final = "mapping.yaml"
_DEEPEST: Final = 4


class Library:
    """The folders of one deployment and the packaged mappings."""

    def __init__(self, search: Sequence[Path] = ()) -> None:
        self._places: tuple[Traversable, ...] = (*search, files(PACKAGE))

    def document(self, reference: str) -> tuple[Document, tuple[Traversable, ...]]:
        """A mapping with all that it extends, and the folders its concept maps may lie in. Raises HubError(MISCONFIGURED)."""
        document, folders = self._one(reference)
        for _ in range(_DEEPEST):
            general = document.data.get("extends")
            if not general:
                return document, folders
            below, more = self._one(str(general), skip=folders[0])
            said = {key: value for key, value in document.data.items() if key != "extends"}
            document = overlay(below, replace(document, data=said))
            folders += more
        raise HubError(MISCONFIGURED, place=document.place(("extends",)), detail="extends")

    def concept_map(self, name: str, folders: Sequence[Traversable]) -> tuple[Resource, str] | None:
        """A ConceptMap and its text, or None."""
        for folder in (*folders, *(place.joinpath("concept-maps") for place in self._places)):
            file = folder.joinpath(f"{name}.json")
            if file.is_file():
                text = resolved(file.read_text("utf-8"))
                found: Resource = loads(text.encode())
                return found, text
        return None

    def references(self) -> Iterator[str]:
        """Every mapping there is, by its reference."""
        for place in self._places:
            for tool in _folders(place):
                for form in _folders(tool):
                    if form.joinpath(FILE).is_file():
                        yield f"{tool.name}/{form.name}"

    def _one(self, reference: str, skip: Traversable | None = None) -> tuple[Document, tuple[Traversable, ...]]:
        for file, folder in self._candidates(reference):
            if file.is_file() and folder != skip:
                document = read(resolved(file.read_text("utf-8")), _name(folder, file))
                if not isinstance(document.data, dict):
                    raise HubError(MISCONFIGURED, place=document.place(()), detail="mapping")
                return document, (folder,)
        raise HubError(MISCONFIGURED, place=f"{reference}:1", detail=f"no mapping named {reference}")

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


def _name(folder: Traversable, file: Traversable) -> str:
    """The last folders and the file's name: enough to find it, without the machine's own path."""
    parts = Path(str(folder)).parts[-2:]
    return "/".join((*parts, file.name))
