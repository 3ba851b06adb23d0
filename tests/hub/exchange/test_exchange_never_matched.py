"""Two associations that know the same woman: the hub never takes their records for one person's, whatever they have in common."""

from dataclasses import replace

import pytest

from hub.errors import HubError
from hub.exchange.receive import receive
from hub.ports import Caller
from tests.support.association import ASSOCIATION, Scene

OTHER = "arganier-droit"


def test_two_associations_that_know_one_woman_have_a_person_each_and_see_nothing_of_each_other(at: Scene) -> None:
    """The same code, name, card, number and date of birth. Who would be told of a match would learn where else she went."""
    at.receive(at.row())
    theirs = replace(at.connection, id="another", organization=OTHER)
    receipt = receive([at.row("1")], theirs, at.form, hub=at.hub)
    assert (receipt.created, receipt.rejected, receipt.warnings) == (1, (), ())
    one, other = at.all("Patient")
    assert one["id"] != other["id"]
    keepers = {at.store.read("Patient", her["id"], None).custodian: her["id"] for her in (one, other)}  # type: ignore[union-attr]
    assert keepers.keys() == {ASSOCIATION, OTHER}
    for keeper, id_ in keepers.items():
        (seen,) = at.search("Patient", Caller("a-system", keeper, "COC")).entries
        assert seen.id == id_
        (hidden,) = set(keepers.values()) - {id_}
        with pytest.raises(HubError):
            at.read(f"Patient/{hidden}", Caller("a-system", keeper, "COC"))
