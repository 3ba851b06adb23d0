"""MongoDB: documents, indexes, transactions, the outbox; and the embedded mongod. Open `mongo.py` first.

https://www.mongodb.com/docs/manual/core/transactions/
"""

from hub.store import embedded
from hub.store.accounts import MongoAccounts
from hub.store.feed import MongoFeed
from hub.store.keks import Keks
from hub.store.mongo import MongoStore
from hub.store.registry import MongoRegistry
from hub.store.trail import MongoTrail

__all__ = ["Keks", "MongoAccounts", "MongoFeed", "MongoRegistry", "MongoStore", "MongoTrail", "embedded"]
