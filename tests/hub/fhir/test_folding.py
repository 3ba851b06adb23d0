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


MARKS = "".join(
    chr(one)
    for first, last in ((0x0640, 0x0640), (0x064B, 0x0652), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069))
    for one in range(first, last + 1)
)
"""Tatweel, vowel signs and marks of direction: they are in what is copied out of other programs, and nobody sees them."""


@pytest.mark.parametrize("mark", MARKS, ids=[f"U+{ord(one):04X}" for one in MARKS])
def test_a_mark_that_nobody_sees_makes_no_other_word(mark: str) -> None:
    assert fold(f"الا{mark}سم") == fold("الاسم")


@pytest.mark.parametrize(
    ("written", "meant"),
    list(zip("أإآٱىةؤئ", "اااايهوي", strict=True)),
    ids=[f"U+{ord(one):04X}" for one in "أإآٱىةؤئ"],
)
def test_the_forms_of_a_letter_meet(written: str, meant: str) -> None:
    assert fold(f"ب{written}ب") == fold(f"ب{meant}ب")


@pytest.mark.parametrize("space", "\u00a0\u202f\t ")
def test_hard_and_several_spaces_are_one(space: str) -> None:
    assert fold(f" nom{space}{space}et prénom ") == "nom et prenom"


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
