"""Replay: try records in quarantine again, after the mapping or the directory was mended."""

from collections.abc import Iterable, Sequence
from itertools import islice

from hub.exchange import Hub
from hub.exchange.answer import answer, is_answer
from hub.exchange.kept import restored
from hub.exchange.pull import BATCH
from hub.exchange.receipt import Receipt
from hub.exchange.receive import receive
from hub.exchange.tally import Tally
from hub.mapping import Mapping
from hub.met import Met
from hub.ports import Connection, Quarantined


def replay_all(entries: Iterable[Quarantined], connection: Connection, mapping: Mapping, *, hub: Hub) -> Receipt:
    """`replay` of however many, as they are read; none twice, though what is set aside again is met again."""
    told = Tally()
    with Met() as met:
        new = (entry for entry in entries if met.times(entry.key)[0] == 1)
        while batch := list(islice(new, BATCH)):
            told.add(replay(batch, connection, mapping, hub=hub))
    return told.receipt


def replay(entries: Sequence[Quarantined], connection: Connection, mapping: Mapping, *, hub: Hub) -> Receipt:
    """Take quarantined records of one connection in again. Those that are still not understood stay, with today's reasons."""
    records = [restored(entry) for entry in entries]
    answers = [record for record in records if is_answer(record, mapping)]
    others = [record for record in records if not is_answer(record, mapping)]
    return answer(answers, connection, mapping, hub=hub) + receive(others, connection, mapping, hub=hub, again=True)
