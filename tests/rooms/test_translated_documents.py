"""A page in Arabic or French says what its English page says: the same commands, headings, tables, warnings and way on.

The commands are typed where the English page is (`test_documents.py`).
"""

import re
from pathlib import Path

import pytest

from tests.support.documents import blocks

ROOT = Path(__file__).parents[2]
LANGUAGES = ("ar", "fr")
PAGES = [ROOT / "docs" / "registers.md"]
SHAPES = {
    "headings": r"^(#+) ",
    "rows of tables": r"^\|(?=[^\n]*\|$)",
    "words in bold": r"(\*\*)[^*]+\*\*",
    "codes": r"`([^`\n]+)`",
    "links": r"\]\(([^)]+)\)",
}


def outside_of_blocks(document: str) -> str:
    return re.sub(r"^```.*?^```$|<!--.*?-->", "", document, flags=re.MULTILINE | re.DOTALL)


def neutral(found: str) -> str:
    """Without what a reader of another language reads or writes otherwise."""
    page = re.sub(r"\.(ar|fr)\.md", ".md", found)
    return "" if page in {*LANGUAGES, "registers.md"} or "IHALA_LANG" in page else page.partition(" # ")[0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_translation_shows_the_same_commands(page: Path, language: str) -> None:
    theirs = page.with_suffix(f".{language}.md").read_text("utf-8")
    assert [one.text for one in blocks(theirs)] == [one.text for one in blocks(page.read_text("utf-8"))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_translation_has_the_same_parts(page: Path, language: str, shape: str) -> None:
    ours, theirs = (
        sorted(filter(None, map(neutral, re.findall(SHAPES[shape], outside_of_blocks(text), re.MULTILINE))))
        for text in (page.read_text("utf-8"), page.with_suffix(f".{language}.md").read_text("utf-8"))
    )
    assert theirs == ours
