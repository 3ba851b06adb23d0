"""The journeys as a document: the same ones in each language, none that nobody lives through, all sentences whole."""

from string import Formatter

import pytest

from tests.support.story import LANGUAGES, words
from tests.support.story_telling import FILES, whole, written


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_holds_each_journey_once_and_in_order(language: str) -> None:
    titles = [one[language]["title"] for one in words()["journeys"].values()]
    assert list(written(language)) == titles
    assert FILES[language].read_text("utf-8") == whole(written(language).values(), language)


@pytest.mark.parametrize("part", ["given", "when", "then"])
def test_a_sentence_says_the_same_in_each_language(part: str) -> None:
    for key, said in words()[part].items():
        blanks = {
            language: sorted(name for _, name, _, _ in Formatter().parse(said[language]) if name)
            for language in LANGUAGES
        }
        assert len(set(map(tuple, blanks.values()))) == 1, (key, blanks)


def test_every_journey_is_told_by_one_test() -> None:
    files = FILES["en"].parents[1].joinpath("tests", "scenarios", "journeys").glob("test_journeys_of_*.py")
    told = "".join(one.read_text("utf-8") for one in files)
    for key in words()["journeys"]:
        assert told.count(f'"{key}", association=') == 1, key
