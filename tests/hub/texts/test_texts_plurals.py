"""What is counted in a sentence goes with its number, as each language counts."""

import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import texts
from hub.texts.plurals import FORMS, which

FILES = sorted(path.stem for path in Path(texts.__file__).parent.glob("*.yaml"))
DOORS = ("dhis2", "odk")


def chosen() -> Iterator[tuple[str, str, str, str]]:
    """Key, language, blank and forms of all that is counted in a sentence."""
    for file in (*FILES, *DOORS):
        for key, entry in texts.catalogue(file).items():
            if key.rpartition(".")[2] in {"examples", "output"}:  # of programs, and filled by none
                continue
            for language, text in entry.items():
                for _, name, forms, _ in string.Formatter().parse(text):
                    if name and "|" in (forms or ""):
                        yield f"{file}.{key}", language, name, str(forms)


def test_whoever_counts_writes_as_many_forms_as_the_language_has() -> None:
    found = list(chosen())
    assert len({key for key, *_ in found}) > 20
    assert [one for one in found if one[3].count("|") + 1 != FORMS[one[1]]] == []


def test_no_sentence_leaves_the_plural_to_its_reader() -> None:
    said = [
        (f"{file}.{key}", text) for file in FILES for key, one in texts.catalogue(file).items() for text in one.values()
    ]
    assert [key for key, text in said if "(s)" in text or "(es)" in text] == []


@pytest.mark.parametrize(
    ("count", "fr", "en", "ar"),
    [
        (0, "0 ligne écrite.", "0 rows written.", "كُتب 0 سطر."),
        (1, "1 ligne écrite.", "1 row written.", "كُتب سطر واحد."),
        (2, "2 lignes écrites.", "2 rows written.", "كُتب سطران."),
        (3, "3 lignes écrites.", "3 rows written.", "كُتبت 3 أسطر."),
        (11, "11 lignes écrites.", "11 rows written.", "كُتب 11 سطرا."),
        (100, "100 lignes écrites.", "100 rows written.", "كُتب 100 سطر."),
    ],
)
def test_rows_are_counted_as_each_language_counts_them(count: int, fr: str, en: str, ar: str) -> None:
    assert tuple(texts.say("cli.statistics.written", one, rows=count) for one in ("fr", "en", "ar")) == (fr, en, ar)


@pytest.mark.parametrize(
    ("count", "fr", "ar"),
    [(1, "et 1 autre", "وموضع آخر"), (2, "et 2 autres", "وموضعان آخران"), (5, "et 5 autres", "و5 مواضع أخرى")],
)
def test_the_places_that_are_not_named_are_counted_in_words_that_go_with_their_number(
    count: int, fr: str, ar: str
) -> None:
    assert texts.say("cli.more-places", "fr", count=count) == fr
    assert texts.say("cli.more-places", "ar", count=count) == ar


def test_words_of_a_sentence_away_from_the_number_go_with_it_too() -> None:
    one = texts.say("cli.quarantine-replay.gone", "fr", count=1, name="registre")
    assert one.startswith("1 enregistrement vient d'une connexion") and "il reste de côté" in one
    assert "pour le reprendre" in one
    assert "ils restent de côté" in texts.say("cli.quarantine-replay.gone", "fr", count=2, name="registre")


def test_a_number_that_comes_as_text_counts_like_one() -> None:
    """As in the parameters of an issue."""
    told = texts.say("conformance.too-many", "en", element="Patient.name", max="1")
    assert told.startswith("Patient.name may be there at most 1 time.")


def test_a_verb_goes_with_what_was_read_and_not_with_what_there_was() -> None:
    assert texts.say("mapping.scaffold-values-contradict", "en", read=1, tried=4) == (
        "the cells contradict it: 1 of 4 is read"
    )
    assert texts.say("mapping.scaffold-values-contradict", "en", read=0, tried=4).endswith("0 of 4 are read")


def test_arabic_begins_to_count_anew_after_each_hundred() -> None:
    assert [which(n, "ar") for n in (1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 111)] == [0, 1, 2, 2, 3, 3, 4, 4, 4, 2, 3]
