"""What the hub asks of the outside world, and the values that pass through those doors."""

from hub.ports.clients import Binding, Caller, Client, KeySource, Registry, Token, Within
from hub.ports.doors import Adapter, Connection, FollowUp, Layout, Manifest, Place, Pulled, SourceRecord, Watermark
from hub.ports.history import Past, Versions
from hub.ports.keys import KEK_LENGTH, DataKeys, Kek, KeyEncryption, KeyProof
from hub.ports.records import (
    Changes,
    Compartment,
    Due,
    Found,
    Kept,
    Key,
    LedgerEntry,
    Narrowed,
    Quarantined,
    Rekey,
    Save,
    Stored,
    Visible,
    Void,
)
from hub.ports.store import Store
from hub.ports.surroundings import FOREVER, LONG_AGO, Clock, Directory, Ids
from hub.ports.trail import Head, Link, Trail

__all__ = [
    "FOREVER",
    "KEK_LENGTH",
    "LONG_AGO",
    "Adapter",
    "Binding",
    "Caller",
    "Changes",
    "Client",
    "Clock",
    "Compartment",
    "Connection",
    "DataKeys",
    "Directory",
    "Due",
    "FollowUp",
    "Found",
    "Head",
    "Ids",
    "Kek",
    "Kept",
    "Key",
    "KeyEncryption",
    "KeyProof",
    "KeySource",
    "Layout",
    "LedgerEntry",
    "Link",
    "Manifest",
    "Narrowed",
    "Past",
    "Place",
    "Pulled",
    "Quarantined",
    "Registry",
    "Rekey",
    "Save",
    "SourceRecord",
    "Store",
    "Stored",
    "Token",
    "Trail",
    "Versions",
    "Visible",
    "Void",
    "Watermark",
    "Within",
]
