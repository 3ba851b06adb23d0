"""A story written down as a document, in the languages that its sentences have, and kept in docs/."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.support.story import Coded, Line, Party, Story, words

DOCS: Final = Path(__file__).parents[2] / "docs"
FILES: Final = {"en": DOCS / "journeys.md", "fr": DOCS / "journeys.fr.md", "ar": DOCS / "journeys.ar.md"}
_SEPARATOR: Final = {"en": ", ", "fr": ", ", "ar": "، "}
_COLON: Final = {"en": ":", "fr": " :", "ar": ":"}


def section(story: Story, language: str) -> str:
    """Markdown: a title, what it is about, the steps, and below each what everybody sees."""
    about = words()["journeys"][story.key][language]
    steps = "\n".join(_lines(story.lines, language))
    return f"## {about['title']}\n\n{about['about']}\n\n{steps}\n"


def _lines(lines: Iterable[Line], language: str) -> Iterable[str]:
    part = ""
    for line in lines:
        if line.part != part:
            part = line.part
            yield f"- **{words()['parts'][part][language]}**"
        yield f"  - {_sentence(line, language)}"


def _sentence(line: Line, language: str) -> str:
    blanks = {name: _told(value, language) for name, value in line.blanks.items()}
    return str(words()[line.part][line.key][language]).format(**blanks)


def _told(value: Any, language: str) -> str:
    if isinstance(value, Party | Coded):
        return value.told(language)
    if isinstance(value, list):
        return _SEPARATOR[language].join(_told(one, language) for one in value) or str(words()["nobody"][language])
    if isinstance(value, dict):
        seen = words()["views"]
        return "".join(
            f"\n    - {_told(party, language)}{_COLON[language]} {seen[view][language]}"
            for party, view in value.items()
        )
    return str(value)


def written(language: str) -> dict[str, str]:
    """The sections of the document as it is, by title."""
    path = FILES[language]
    _, *sections = path.read_text("utf-8").split("\n## ") if path.exists() else [""]
    return {one.partition("\n")[0]: f"## {one.rstrip()}\n" for one in sections}


def whole(sections: Iterable[str], language: str) -> str:
    """The document with these sections, in the order of the journeys."""
    head = words()["document"][language]
    return f"# {head['title']}\n\n{head['about']}\n" + "".join(f"\n{one}" for one in sections)


def write(story: Story) -> None:
    """Put the story in its place in the documents."""
    for language, path in FILES.items():
        found = written(language) | {words()["journeys"][story.key][language]["title"]: section(story, language)}
        titles = [one[language]["title"] for one in words()["journeys"].values()]
        path.write_text(whole((found[title] for title in titles if title in found), language), "utf-8")
