"""The ids of AuditEvents of which there are many: in the order of time, so that those of one moment stand side by side in the
index of ids.

Where ids are random, each event of an act changes a page of that index that no other does, and each of these pages is written.
When it was is told by an event itself (`recorded`) to whoever sees its id; an id of anything else tells nothing and is random.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

_RANDOM: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def in_order(id_: str, at: datetime) -> str:
    """A random id (UUID of version 4) as one that begins with the millisecond (version 7); any other as it is.

    https://www.rfc-editor.org/rfc/rfc9562#section-5.7
    """
    return f"{_beginning(at)}{id_[15:]}" if _RANDOM.fullmatch(id_) else id_


@lru_cache(maxsize=64)  # what one act leaves is of one instant
def _beginning(at: datetime) -> str:
    moment = f"{int(at.timestamp() * 1000):012x}"
    return f"{moment[:8]}-{moment[8:]}-7"
