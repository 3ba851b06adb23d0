"""People: how one is invited, chooses a password and a second factor, and signs in.

https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html. Whatever is wrong with a sign-in, the answer is
the same, and so is the work behind it: nobody learns who has an account here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from hub.accounts import Account, Accounts, Invitation
from hub.audit import sign_ins
from hub.consent.keys import own
from hub.exchange import Hub
from hub.oauth import limits, passwords, second_factor, vault
from hub.oauth.lifetimes import INVITATION, Lifetimes
from hub.ports import Changes, Key, Registry, Save

NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._\-]{1,38})[a-z0-9]", re.ASCII)
"""What an account may be called. It is typed often, on any keyboard; it need not be a person's name."""


@dataclass(frozen=True)
class People:
    """What signing in needs of a deployment. `request`: the id of the request that is being answered, "" where there is none."""

    hub: Hub
    registry: Registry
    accounts: Accounts
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    request: Callable[[], str] = str

    @property
    def counting(self) -> bytes:
        return vault.key(self.hub.pepper, "hub.oauth.limits")

    def told(
        self, verb: str, organization: str, *, by: str = "", about: str = "", client: str = "", failed: bool = False
    ) -> tuple[Save]:
        """The audit event of an act, kept with the organisation whose person or system it is about."""
        event = sign_ins.event(
            self.hub.ids.new(), verb, self.hub.clock.now(),
            by=by, about=about, client=client, failed=failed, request=self.request(),
        )  # fmt: skip
        return (Save(event, None, organization or None, (Key(own(organization)),) if organization else ()),)


@dataclass(frozen=True, repr=False)
class Enrolled:
    """`recovery`: shown this once, and kept only as hashes."""

    account: Account
    recovery: tuple[str, ...]


def reference(account: Account) -> str:
    return f"Practitioner/{account.practitioner}"


def invite(account: Account, *, people: People, by: str = "") -> str:
    """A secret with which the person chooses a password, in the place of whatever she had. What she had works no more."""
    known = people.accounts.account(account.id)
    fresh = replace(account, password="", second_factor=b"", recovery=frozenset())
    told = people.told("person.invite", account.organization, by=by, about=reference(account))
    people.accounts.save_account(fresh, known, told)
    people.accounts.sign_out(account.id)
    secret = vault.new_secret()
    until = people.hub.clock.now() + INVITATION
    people.accounts.invite(Invitation(vault.hashed(secret), account.id, until))
    return secret


def disable(account: Account, *, people: People) -> None:
    """Nothing that she holds works any more, nor an invitation."""
    told = people.told("person.disable", account.organization, about=reference(account))
    people.accounts.save_account(replace(account, disabled=True), account, told)
    people.accounts.sign_out(account.id)


def invited(secret: str, *, people: People) -> Account | None:
    """Whose invitation it is, while it is good."""
    found = people.accounts.invitation(vault.hashed(secret), people.hub.clock.now())
    account = people.accounts.account(found.account) if found else None
    return account if account and not account.disabled else None


def enrol(secret: str, password: str, code: str, *, people: People) -> Enrolled | None:
    """The invitation is used up for this password and the second factor that it offered. None: the code is not of this secret,
    or the invitation is over. `password` has no flaw."""
    account, now, pepper = invited(secret, people=people), people.hub.clock.now(), people.hub.pepper
    offered = second_factor.from_invitation(secret, pepper)
    step = second_factor.step_of(code, offered, now)
    if account is None or step is None or not people.accounts.use_invitation(vault.hashed(secret)):
        return None
    codes = tuple(second_factor.new_recovery_codes())
    enrolled = replace(
        account,
        password=passwords.hashed(password),
        second_factor=second_factor.sealed(offered, account.id, pepper),
        recovery=frozenset(second_factor.recovery_hash(one, account.id, pepper) for one in codes),
    )
    me = reference(account)
    people.accounts.save_account(enrolled, account, people.told("person.enrol", account.organization, by=me, about=me))
    people.accounts.use_step(account.id, step)
    return Enrolled(enrolled, codes)


def prove(name: str, password: str, code: str, *, people: People, address: str) -> Account | None:
    """Who proves to be whom; None whatever is wrong. Raises TooMany, whether or not there is such an account."""
    asked, now = name.strip().casefold()[:64], people.hub.clock.now()
    limits.count_sign_in(asked, address, registry=people.registry, secret=people.counting, now=now)
    account = people.accounts.account(asked) if NAME.fullmatch(asked) else None
    proven = _proven(account, asked, password, code, people=people, address=address)
    if not proven:
        _tell_refusal(account, people)
    return account if proven else None


def _proven(account: Account | None, name: str, password: str, code: str, *, people: People, address: str) -> bool:
    """Each step is taken whatever the one before said, for nobody where the person is not the one: the time tells nothing."""
    now, pepper = people.hub.clock.now(), people.hub.pepper
    right = passwords.matches(password, account.password if account else "")
    secret = second_factor.unsealed(account.second_factor if account else b"", name, pepper)
    step = second_factor.step_of(code, secret, now)
    recovery = second_factor.recovery_hash(code, name, pepper)
    guessed = limits.too_many_wrong_codes(name, registry=people.registry, secret=people.counting, now=now)
    admitted = account is not None and not account.disabled and right and not guessed
    whose = name if admitted else ""
    if (step is not None and people.accounts.use_step(whose, step)) or people.accounts.use_recovery(whose, recovery):
        return True
    tried = whose or f"somebody at {address}"
    limits.count_wrong_code(tried, registry=people.registry, secret=people.counting, now=now)
    return False


def _tell_refusal(account: Account | None, people: People) -> None:
    """Also where there is no such account: the event costs the same, and says of nobody that it was tried."""
    organization, about = (account.organization, reference(account)) if account else ("", "")
    people.hub.store.commit(Changes(saves=people.told("person.sign-in", organization, about=about, failed=True)))
