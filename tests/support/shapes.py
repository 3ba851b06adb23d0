"""The collections and indexes of the database that tests share: made once a worker, and again when a test changed them."""

from typing import Any, Final

from pymongo.database import Database

SCHEMA: Final = "schema"
"""The document of `settings` that says which collections and indexes there are."""


def made_again(database: Database[Any]) -> None:
    """Whoever opens the database next makes what is missing."""
    database.settings.delete_one({"_id": SCHEMA})
