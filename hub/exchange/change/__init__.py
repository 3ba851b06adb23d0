"""Change: create, update and patch through the API. Each act is computed from one revision of the compartments it touches and
committed with its versions, audit, keys and outbox, or refused whole.

A party changes what it keeps itself; a referral (Task) is moved by its requester and its owner along the state machine.
"""

from hub.exchange.change.conditional import (
    Act,
    conditional_creation,
    conditional_patch,
    conditional_update,
    perform,
    perform_deletion,
)
from hub.exchange.change.create import create, foresee_create
from hub.exchange.change.delete import DELETED, INSTEAD, delete, foresee_delete
from hub.exchange.change.draft import Draft, carry_out
from hub.exchange.change.expected import ANYTHING, Expected, is_met
from hub.exchange.change.ownership import CHANGED, CREATED, PERSON_ELEMENT
from hub.exchange.change.revise import Revise, foresee_update, patch, replacement, update
from hub.exchange.change.unseen import close_unseen

__all__ = [
    "ANYTHING",
    "CHANGED",
    "CREATED",
    "DELETED",
    "INSTEAD",
    "PERSON_ELEMENT",
    "Act",
    "Draft",
    "Expected",
    "Revise",
    "carry_out",
    "close_unseen",
    "conditional_creation",
    "conditional_patch",
    "conditional_update",
    "create",
    "delete",
    "foresee_create",
    "foresee_delete",
    "foresee_update",
    "is_met",
    "patch",
    "perform",
    "perform_deletion",
    "replacement",
    "update",
]
