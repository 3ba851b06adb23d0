"""Two spellings of one word meet when folded; two different words do not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.folding import ascii_digits, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bénéficiaire", "BENEFICIAIRE"),
        ("N° dossier", "n°  dossier"),
        ("Date d’accueil", "date d'accueil"),
        ("Nom_et\u00a0prénom", "nom et prenom"),
        ("Âge ?", "age"),
        ("إحالة", "احاله"),
        ("مستشفى", "مستشفي"),
        ("مُوَافَقَة", "موافقة"),
        ("موافـــقة", "موافقة"),
        ("\u200fالاسم\u200e:", "الاسم"),
        ("١٢٣", "123"),
        ("۱۲۳", "１２３"),
        ("مسؤول", "مسوول"),
        ("السن؟", "السن"),
    ],
)
def test_spellings_of_one_label_meet(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("oui", "non"), ("نعم", "لا"), ("Province", "Préfecture"), ("12", "21"), ("a b", "ab")]
)
def test_different_labels_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(st.sampled_from("aéÉ أإآىةؤ١٢ـ\u064b\u200f'’_?:*ﷺ"), max_size=20) | st.text(max_size=20))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30))
def test_only_digits_change_when_digits_become_ascii(text: str) -> None:
    written = ascii_digits(text)
    assert len(written) == len(text)
    for before, after in zip(text, written, strict=True):
        assert after == (str(unicodedata.digit(before)) if unicodedata.category(before) == "Nd" else before)
