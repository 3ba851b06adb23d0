"""Audit events alone, ready for the database: of those whose forms are known nothing else is to be planned."""

from collections.abc import Sequence
from datetime import datetime

from hub.ports import Save
from hub.store.chains import contents_of
from hub.store.documents import event_document
from hub.store.forms import formed
from hub.store.schema import Document

Told = tuple[list[Document], list[str]]
"""Events, and the digests of what they say."""


def told(saves: Sequence[Save], at: datetime) -> Told | None:
    """None where one of them is to be written as any other resource."""
    forms = [(save, formed(save, at)) for save in saves if save.version == 1]
    known = [(save, form) for save, form in forms if form is not None]
    if len(known) < len(saves):
        return None
    documents = [event_document(save, at, form) for save, form in known]
    return documents, contents_of(documents, [form.canonical for _, form in known])
