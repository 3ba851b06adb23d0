"""What a connection asks for: its settings, read and found sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from hub.errors import Fatal

PAGE: Final = 250
LARGEST: Final = 1000
WAYS: Final = ("session", "basic")


@dataclass(frozen=True)
class Asking:
    url: str
    project: int
    form: str
    page: int
    basic: bool
    only_approved: bool


def asking(settings: Mapping[str, Any]) -> Asking:
    """Raises Fatal where a setting cannot work."""
    url, form, project = str(settings.get("url") or ""), settings.get("form"), settings.get("project")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not form or _is_no_number(project):
        raise Fatal("odk.settings")
    page, way = settings.get("page_size", PAGE), settings.get("auth", WAYS[0])
    if _is_no_number(page) or page > LARGEST:
        raise Fatal("odk.page-size", largest=str(LARGEST))
    if way not in WAYS:
        raise Fatal("odk.auth", known=", ".join(WAYS))
    return Asking(url, int(str(project)), str(form), page, way == "basic", settings.get("only_approved") is True)


def _is_no_number(value: object) -> bool:
    return isinstance(value, bool) or not isinstance(value, int) or value < 1
