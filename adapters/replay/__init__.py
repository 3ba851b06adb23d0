"""Tools that are played: a server on loopback that answers as the tool does, for tests and demonstrations.

A tool's stand-in is a `StandIn` with its routes; `Served` puts it on a port. Recorded answers lie beside the door, in
`recorded/`.
"""

from adapters.replay.faults import Cut, Fault, Hang
from adapters.replay.recordings import Exchange, Recorded, read
from adapters.replay.server import Served
from adapters.replay.stand_in import Answer, Asked, StandIn, not_found, route

__all__ = [
    "Answer", "Asked", "Cut", "Exchange", "Fault", "Hang", "Recorded", "Served", "StandIn", "not_found", "read", "route",
]  # fmt: skip
