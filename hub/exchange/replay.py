"""Replay: try records in quarantine again, after the mapping or the directory was mended."""

from collections.abc import Sequence

from hub.exchange import Hub
from hub.exchange.answer import answer, is_answer
from hub.exchange.kept import restored
from hub.exchange.receipt import Receipt
from hub.exchange.receive import receive
from hub.mapping import Mapping
from hub.ports import Connection, Quarantined


def replay(entries: Sequence[Quarantined], connection: Connection, mapping: Mapping, *, hub: Hub) -> Receipt:
    """Take quarantined records of one connection in again. Those that are still not understood stay, with today's reasons."""
    records = [restored(entry) for entry in entries]
    answers = [record for record in records if is_answer(record, mapping)]
    others = [record for record in records if not is_answer(record, mapping)]
    return answer(answers, connection, mapping, hub=hub) + receive(others, connection, mapping, hub=hub, again=True)
