"""Which search parameters read encrypted elements: their documents are found by keyed tokens, never by a value.

Profile by profile, as the data classes of the elements. References are ids that say nothing and stand beside the document
anyway; what else they say of a thing (`is_bare`) is not kept. Dates of classes that identify nobody stay as they are: a range
cannot be answered from tokens. Neither can a number, a quantity or a composite: it is only told that there is one. A place that
is encrypted is not kept at all, so that nearness finds nobody.
"""

from functools import cache
from typing import Final

from hub.fhir.data_classes import identifying
from hub.fhir.definitions import Profile, load
from hub.fhir.parts import taken_out
from hub.search.parameters import EVERYWHERE, PARAMETERS, in_profile

STAMPED: Final = frozenset({("Communication", "sent"), ("Communication", "received")})
"""Times that the hub itself writes: they say no more than `_lastUpdated`, which stands in clear beside them."""


@cache
def sealed_in(type_: str, profile_name: str) -> frozenset[str]:
    """The parameters that read encrypted elements in documents of this profile."""
    if type_ not in PARAMETERS or not profile_name:
        return frozenset()
    profile = load().profile(profile_name)
    return frozenset(name for name in PARAMETERS[type_] if _is_sealed(type_, name, profile))


@cache
def is_bare(type_: str, name: str, profile_name: str) -> bool:
    """Whether the parameter reads encrypted elements, be they found by tokens, by references or not at all: then nothing stands
    in clear beside its values."""
    found = in_profile(type_, name, profile_name) if profile_name and name not in EVERYWHERE else None
    return found is not None and bool(found.data_classes & taken_out(load().profile(profile_name)))


@cache
def is_sealed(type_: str, name: str) -> bool:
    """Whether there are documents of the type that this parameter finds by tokens."""
    return name not in EVERYWHERE and any(name in sealed_in(type_, one.name) for one in load().of_type(type_))


@cache
def is_clear(type_: str, name: str) -> bool:
    """Whether there are documents of the type that it finds by values."""
    return name in EVERYWHERE or any(name not in sealed_in(type_, one.name) for one in load().of_type(type_))


def _is_sealed(type_: str, name: str, profile: Profile) -> bool:
    found = in_profile(type_, name, profile.name)
    if found is None or found.type in {"reference", "special"} or (type_, name) in STAMPED:
        return False
    encrypted = found.data_classes & taken_out(profile)
    return bool(encrypted & identifying() if found.type == "date" else encrypted)
