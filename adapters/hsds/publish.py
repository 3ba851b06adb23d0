"""The directory as files that any web server can serve as HSDS: `index.json`, `services/page-1.json`, `services/<id>.json`.

https://docs.openreferral.org/en/v3.0.0/hsds/api_reference.html. Whatever is handed over, of a shelter no place leaves here, and
no number but that of the organisation, which knows whom to let through.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from adapters.hsds.outward import Outward
from hub.errors import Fatal, Retriable
from hub.fhir import Resource
from hub.ports import Connection

PAGE: Final = 100
ROOT: Final = {
    "version": "3.0",
    "profile": "https://docs.openreferral.org/en/v3.0.0/hsds/",
    "openapi_url": "https://raw.githubusercontent.com/openreferral/specification/3.0/schema/openapi.json",
}


def publish(connection: Connection, entries: Iterable[Resource]) -> int:
    """Write all anew beside what was there, then put it in its place. How many services; raises Fatal or Retriable."""
    said = connection.settings.get("output")
    if not isinstance(said, str) or not said.strip():
        raise Fatal("adapters.hsds-no-output")
    folder = connection.folder / said
    services = sorted(Outward(entries).services(), key=lambda one: str(one["id"]))
    fresh = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        _write(fresh, services)
        _swap(fresh, folder)
    except OSError:
        raise Retriable("adapters.hsds-disk") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return len(services)


def pages(services: list[dict[str, Any]], size: int = PAGE) -> Iterator[Mapping[str, Any]]:
    """The services in the envelope of the standard; one empty page where there are none."""
    count = max(1, -(-len(services) // size))
    for number in range(1, count + 1):
        contents = services[(number - 1) * size : number * size]
        yield {
            "total_items": len(services),
            "total_pages": count,
            "page_number": number,
            "size": len(contents),
            "first_page": number == 1,
            "last_page": number == count,
            "empty": not contents,
            "contents": contents,
        }


def _write(folder: Path, services: list[dict[str, Any]]) -> None:
    (folder / "services").mkdir(parents=True)
    _save(folder / "index.json", ROOT)
    for page in pages(services):
        _save(folder / "services" / f"page-{page['page_number']}.json", page)
    for one in services:
        _save(folder / "services" / f"{one['id']}.json", one)


def _save(file: Path, said: object) -> None:
    file.write_text(json.dumps(said, ensure_ascii=False, indent=1), "utf-8")


def _swap(fresh: Path, folder: Path) -> None:
    """What stood there before is gone with its last reader. A folder that holds anything else is somebody's own."""
    if folder.exists():
        if any(folder.iterdir()) and not (folder / "index.json").is_file():
            raise Fatal("adapters.hsds-no-output")
        aside = fresh.with_name(fresh.name + ".old")
        os.replace(folder, aside)  # noqa: PTH105 — a folder in the place of another
        os.replace(fresh, folder)  # noqa: PTH105
        shutil.rmtree(aside, ignore_errors=True)
    else:
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(fresh, folder)  # noqa: PTH105
