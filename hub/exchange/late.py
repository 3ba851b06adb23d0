"""Late: a copy of a record that is older than what was already taken in, as a tool that repeats itself sends it."""

from hub.ports import LedgerEntry, SourceRecord


def is_late(record: SourceRecord, known: LedgerEntry) -> bool:
    """Whether it changes nothing any more. Without a number of its edits every record is as new as its arrival. One that its tool
    has withdrawn comes back by an edit, never by a repetition of what was said before."""
    if record.revision is None or known.revision is None:
        return False
    if known.state == "withdrawn":
        return record.revision <= known.revision
    return record.revision < known.revision
