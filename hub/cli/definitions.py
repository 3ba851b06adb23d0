"""Definitions that someone brings to validate by: a file, a folder, or a FHIR package (`.tgz`), as a partner publishes them.

https://hl7.org/fhir/R4/packages.html. A package is read where it lies, entry by entry: nothing is unpacked onto the disk.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.strict import NotReadable, read

KINDS: Final = frozenset({"StructureDefinition", "ValueSet", "CodeSystem"})
LARGEST: Final = 16 * 1024 * 1024
LARGEST_IN_ALL: Final = 512 * 1024 * 1024
PACKAGES: Final = (".tgz", ".tar.gz")


class TooLarge(ValueError):  # noqa: N818 — said of what was brought
    """More than is held in memory for this."""


def read_definitions(path: Path) -> list[Resource]:
    """The definitions in a path. Raises NotReadable, TooLarge, OSError or tarfile.TarError."""
    found: list[Resource] = []
    left = LARGEST_IN_ALL
    for text in _texts(path):
        left -= len(text)
        if left < 0:
            raise TooLarge
        found += _definitions(read(text))
    return found


def _texts(path: Path) -> Iterator[bytes]:
    if path.is_dir():
        for one in sorted(path.rglob("*.json")):
            if one.is_file() and not one.is_symlink():
                yield _held(one)
    elif path.name.endswith(PACKAGES):
        yield from _packed(path)
    else:
        yield _held(path)


def _held(path: Path) -> bytes:
    with path.open("rb") as stream:
        text = stream.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise TooLarge
    return text


def _packed(path: Path) -> Iterator[bytes]:
    """The resources of a package: `package/*.json`; manifests and examples in other folders are none."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if (
                not member.isfile()
                or folder.strip("./") != "package"
                or not name.endswith(".json")
                or name.startswith(".")
            ):
                continue
            if member.size > LARGEST:
                raise TooLarge
            stream = archive.extractfile(member)
            if stream is not None:
                yield stream.read()


def _definitions(content: Any) -> Iterator[Resource]:
    """The definition itself, or those in a bundle; a manifest or an index is passed over."""
    if not isinstance(content, dict):
        return
    if content.get("resourceType") in KINDS:
        yield content
    entries = content.get("entry") if content.get("resourceType") == "Bundle" else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield from _definitions(entry["resource"])


__all__ = ["NotReadable", "TooLarge", "read_definitions"]
