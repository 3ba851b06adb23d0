"""Words that a register cuts short mean what the whole word means; single letters of several meanings are asked about."""

from datetime import date
from typing import Any

import pytest

from hub import mapping
from hub.mapping import Context
from hub.ports import Place, SourceRecord

CONTEXT = Context("association-anwar", lambda text: "chu-ibn-zohr", date(2026, 11, 23))
ROW = {"visit_date": "01/05/2026", "case_number": "1", "survivor_code": "S-1"}

WHOLE = {
    "marital_status": {
        "Célib.": "célibataire", "célib": "célibataire", "Mar.": "mariée", "Div.": "divorcée", "Sép.": "séparée",
        "en inst. de divorce": "en instance de divorce", "Vve": "veuve", "Concub.": "mariée/en concubinage", "متز.": "متزوجة",
        "NSP": "inconnu",
    },
    "education": {
        "Analph.": "analphabète", "Prim.": "primaire", "Coll.": "collège", "Sec. coll.": "secondaire collégial",
        "Lyc.": "lycée", "Niv. bac": "niveau bac", "Form. pro.": "formation professionnelle", "Univ.": "universitaire",
        "باك": "باكالوريا", "NR": "non précisé",
    },
    "aggressor_relation": {
        "Conj.": "conjoint", "ex-conj.": "ex-conjoint", "B.-père": "beau-père", "b.-frère": "beau-frère", "Empl.": "employeur",
        "Vois.": "voisin", "Conj., b.-mère": "conjoint, belle-mère",
    },
    "violence_types": {
        "Phys.": "physique", "psy": "psychologique", "Éco.": "économique", "Sex.": "sexuelle", "Verb.": "verbale",
        "CBV": "coups et blessures", "phys. + psy. + éco.": "physique + psychologique + économique", "Harc. sex.": "harcèlement sexuel",
        "num.": "numérique", "V. phys.": "physique", "V. psychologique": "psychologique",
    },
    "request": {"Psy.": "psychologique", "Jurid.": "juridique", "Héberg.": "hébergement", "méd.": "médical"},
}  # fmt: skip


def read(name: str, column: str, cell: str) -> tuple[list[Any], list[str]]:
    """The resources that a row with this cell gives, and the columns that are asked about."""
    form = mapping.load(name)
    mapped = form.forward(SourceRecord("row", "1", "1", ROW | {column: cell}, Place(row=1)), CONTEXT)
    return [draft.resource for draft in mapped.drafts], [str(issue.column) for issue in mapped.issues]


@pytest.mark.parametrize(
    "name", ["spreadsheet/register-fr", "spreadsheet/register-ar", "spreadsheet/register-detailed"]
)
@pytest.mark.parametrize(
    ("column", "short", "whole"), [(c, *pair) for c, words in WHOLE.items() for pair in words.items()]
)
def test_a_word_that_is_cut_short_means_what_it_means_whole(name: str, column: str, short: str, whole: str) -> None:
    meant = read(name, column, whole)
    assert meant[1] == []
    assert read(name, column, short) == meant
    assert whole in {"inconnu"} or meant[0] != read(name, column, "")[0]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("marital_status", "S"),  # single, or separated
        ("marital_status", "م"),  # متزوجة, or مطلقة
        ("violence_types", "ج"),  # جسدي, or جنسي
        ("violence_types", "VE"),  # économique, or émotionnelle
        ("education", "alpha"),  # alphabétisée, or analphabète
    ],
)
def test_a_letter_that_stands_for_several_words_is_asked_about(column: str, cell: str) -> None:
    assert read("spreadsheet/register-fr", column, cell)[1] == [column]


def test_what_is_written_back_is_the_whole_word() -> None:
    form = mapping.load("spreadsheet/register-fr")
    content = ROW | {"marital_status": "Célib.", "violence_types": "phys., psy."}
    mapped = form.forward(SourceRecord("row", "1", "1", content, Place(row=1)), CONTEXT)
    cells = form.back({draft.local: draft.resource for draft in mapped.drafts}, CONTEXT)
    assert (cells["marital_status"], cells["violence_types"]) == ("célibataire", "physique, psychologique")
