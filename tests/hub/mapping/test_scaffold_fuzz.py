"""Whatever stands in a sheet, a proposal is made or none is: nothing raises, and no cell of a table gets into what is said of it."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping.scaffold import propose
from hub.mapping.scaffold.form import form
from hub.mapping.scaffold.table import questions
from hub.mapping.scaffold.words import stem
from hub.mapping.scaffold.write import Key, written
from hub.texts import say
from tests.support.scaffolding import ready

HEADERS = (
    "N° dossier",
    "Date d'accueil",
    "Nom et prénom",
    "الهاتف",
    "Type de violence",
    "type",
    "name",
    "list_name",
    "Âge",
    "(",
)
ENDINGS = st.one_of(
    st.text(alphabet=letters, min_size=1, max_size=8) for letters in ("sx", "sex.", "والبهات", "xX _#(1")
)
"""Letters that words end with, or begin, and nothing else."""
CELLS = st.one_of(
    st.sampled_from(HEADERS),
    st.text(max_size=12),
    ENDINGS,
    st.sampled_from(("05/01/2026", "physique", "begin_group", "٠٦١٢")),
)
MARK = "Zineb Marquée"


@settings(max_examples=300, deadline=None)
@given(ENDINGS)
def test_a_word_is_never_nothing_but_endings(word: str) -> None:
    assert stem(word)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=8), max_size=8))
def test_no_sheet_makes_a_proposal_raise(rows: list[list[str]]) -> None:
    asked = form([rows]) or questions(rows, ready().names)
    text = written(
        propose(asked, ready()),
        base="a/b",
        name="a/c",
        language="fr",
        key=Key(),
        maps={},
        say=lambda key, **b: say(key, "fr", **b),
    )
    assert yaml.safe_load(text)["extends"] == "a/b"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["", "physique", "05/01/2026", "0612345678"]), min_size=3, max_size=3))
def test_no_name_in_a_cell_is_written(others: list[str]) -> None:
    rows = [["N° dossier", "Date d'accueil", "Nom et prénom", "Agresseur"], *[[others[0], others[1], MARK, MARK]] * 3]
    proposal = propose(questions(rows, ready().names), ready())
    text = written(
        proposal, base="a/b", name="a/c", language="fr", key=Key(), maps={}, say=lambda key, **b: say(key, "fr", **b)
    )
    assert MARK not in text
