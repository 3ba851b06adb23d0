"""What a connection asks for: its settings, read and found sound."""

from dataclasses import dataclass
from typing import Final

from adapters.http_client import Problems, address, page_size
from hub.ports import Connection

PAGE: Final = 250
LARGEST: Final = 1000
WAYS: Final = ("session", "basic")
PROBLEMS: Final = Problems("odk.", {403: "forbidden", 404: "form-missing", 501: "refused"})
"""501: a filter by what this server does not know."""


@dataclass(frozen=True)
class Asking:
    """`entity_list`, `entity_question`: where what became of referrals is also told, and which question says of which entity."""

    url: str
    project: int
    form: str
    page: int
    basic: bool
    only_approved: bool
    entity_list: str = ""
    entity_question: str = ""


def asking(connection: Connection) -> Asking:
    """Raises Fatal where a setting cannot work."""
    settings = connection.settings
    url, form, project = address(settings.get("url"), PROBLEMS), settings.get("form"), settings.get("project")
    if not form or isinstance(project, bool) or not isinstance(project, int) or project < 1:
        raise PROBLEMS.fatal("settings")
    way = settings.get("auth", WAYS[0])
    if way not in WAYS:
        raise PROBLEMS.fatal("auth", known=", ".join(WAYS))
    page = page_size(connection, PAGE, LARGEST, PROBLEMS)
    entities = [str(settings.get(name) or "") for name in ("entity_list", "entity_question")]
    if any(entities) and not all(entities):
        raise PROBLEMS.fatal("entity-settings")
    return Asking(url, project, str(form), page, way == "basic", settings.get("only_approved") is True, *entities)
