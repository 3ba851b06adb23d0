"""Who may hand over a register of her organisation at the hub's pages, and see what of it is set aside: the function alone.

Nothing of what the register says comes back to her, so she needs no scopes, and could do nothing else with her function. Of an
application it is asked that its token reaches every type: there is nobody who looks at the trial first.
"""

from typing import Final

from hub.accounts import Account

ROLES: Final = frozenset({"data-desk"})


def may_hand_over(account: Account) -> bool:
    return bool(ROLES & account.roles)
