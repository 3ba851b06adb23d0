"""Every sentence is there in Arabic, French and English, and every key that the code says has a sentence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hub import errors, texts
from hub.errors import Problem
from hub.exchange.change.referral import VERBS as OF_REFERRALS
from hub.fhir.definitions import load
from tests.support.blanks import blanks

ROOT = Path(__file__).parents[3]
FILES = sorted(path.stem for path in (ROOT / "hub/texts").glob("*.yaml"))
ENTRIES = [(file, key) for file in FILES for key in texts.catalogue(file)]
ARABIC = re.compile(r"[\u0600-\u06ff]")
KEY = re.compile(rf"({'|'.join(FILES)})(\.[a-z0-9-]+)+")
VERBATIM = {"examples", "output", "exits"}
"""What a terminal shows is the same in every language."""

VERBS = {
    *(verb for of_one in OF_REFERRALS.values() for verb in of_one.values()),
    *load().code_system("audit-action").codes,
    "referral.update",
    "referral.draft",
}
"""Verb strings of audit and outbox have the form of a key and are said to nobody."""

NOT_SAID = VERBS | {"mapping.yaml", "events.streams", "store.broken", "store.no-wire", "adapters.acceptance"}
NOT_SAID |= {f"delivery.{event}" for event in ("failed", "dead", "dropped", "no-destination", "enabled", "told-again")}
NOT_OURS = re.compile(r"اً|ًا|كلمة مرور|كلمة المرور|المحوّل|محوّلات|خريطة الربط|منظمتكم")
ANSWER = {"column": "الجواب", "element": "Consent.status", "value": "“لا أعرف”", "known": "نعم, لا"}
PROBLEMS = [value for value in vars(errors).values() if isinstance(value, Problem)]


def test_every_sentence_is_in_three_languages_with_the_same_blanks() -> None:
    assert ENTRIES
    for file, key in ENTRIES:
        entry = texts.catalogue(file)[key]
        assert entry.keys() == set(texts.LANGUAGES), f"{file}.{key}"
        assert all(isinstance(text, str) and text.strip() for text in entry.values()), f"{file}.{key}"
        assert len({frozenset(blanks(text)) for text in entry.values()}) == 1, f"{file}.{key}"


def test_the_arabic_is_arabic_and_the_others_are_not() -> None:
    for file, key in ENTRIES:
        if key.rpartition(".")[2] in VERBATIM:
            continue
        entry = texts.catalogue(file)[key]
        without_blanks = re.sub(r"\{[^}]*\}", "", entry["ar"])
        assert ARABIC.search(without_blanks) or not re.search(r"\w", without_blanks), f"{file}.{key}"
        assert not ARABIC.search(entry["en"] + entry["fr"]), f"{file}.{key}"


def test_one_thing_has_one_arabic_name_and_words_have_no_tanwin() -> None:
    """GLOSSARY.md; the others are words that were written for the same thing."""
    said = [(f"{file}.{key}", texts.catalogue(file)[key]["ar"]) for file, key in ENTRIES]
    assert [key for key, text in said if NOT_OURS.search(text)] == []


def test_every_problem_has_a_sentence() -> None:
    assert [problem.code for problem in PROBLEMS if problem.code not in texts.catalogue("problems")] == []


def test_every_problem_has_a_code_of_its_own_and_an_http_status() -> None:
    assert len({problem.code for problem in PROBLEMS}) == len(PROBLEMS)
    assert all(400 <= problem.status < 600 for problem in PROBLEMS)


def said_in_code() -> Iterator[tuple[str, str]]:
    """Every literal of the code that has the form of a key of one of the catalogue's files."""
    paths = (path for folder in ("hub", "adapters", "demo") for path in sorted((ROOT / folder).rglob("*.py")))
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            said = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if KEY.fullmatch(said) and said not in NOT_SAID:
                yield said, str(path.relative_to(ROOT))


SAID = sorted(set(said_in_code()))


def is_known(key: str) -> bool:
    file, _, name = key.partition(".")
    beginning = name if name.endswith("-") else f"{name}."  # keys that are put together where they are said
    return name in texts.catalogue(file) or any(one.startswith(beginning) for one in texts.catalogue(file))


def test_every_key_in_the_code_has_a_sentence() -> None:
    assert SAID
    assert [(key, where) for key, where in SAID if not is_known(key)] == []


def keys_twice(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        names = [name.value for name, _ in node.value]
        yield from (name for name in set(names) if names.count(name) > 1)
        for _, value in node.value:
            yield from keys_twice(value)


@pytest.mark.parametrize("path", sorted((ROOT / "hub" / "texts").glob("*.yaml")), ids=lambda path: path.name)
def test_no_sentence_is_written_twice(path: Path) -> None:
    assert not list(keys_twice(yaml.compose(path.read_text("utf-8"))))


def test_every_key_in_the_mappings_has_a_sentence() -> None:
    written = [path.read_text("utf-8") for path in (ROOT / "mappings").rglob("mapping.yaml")]
    said = {key for text in written for key in re.findall(r"^\s*(?:- )?say: (\S+)", text, re.MULTILINE)}
    assert said
    assert all(texts.say(key, "ar", column="", element="") for key in said)


def test_the_reasons_that_a_decision_gives_are_sentences() -> None:
    keys = {key for key, where in SAID if where.startswith("hub/consent/")}
    assert {"consent.no-referral", "consent.not-accepted", "consent.withdrawn", "consent.refused"} <= keys


def test_a_sentence_is_said_in_the_language_asked_for_and_in_english_otherwise() -> None:
    assert texts.say("referral.accepted", "fr") == "acceptée"
    assert texts.say("referral.accepted", "de") == texts.say("referral.accepted", "en") == "accepted"


def test_what_fills_a_blank_has_the_marks_and_commas_of_the_language() -> None:
    said = {language: texts.say("mapping.answer-unknown", language, **ANSWER) for language in texts.LANGUAGES}
    assert "“لا أعرف”" in said["en"] and "« لا أعرف »" in said["fr"] and "«لا أعرف»" in said["ar"]
    assert "نعم، لا" in said["ar"] and "نعم, لا" in said["fr"]


def test_of_a_cell_the_fhir_element_stands_in_brackets_that_can_be_left_out() -> None:
    told = [text for entry in texts.catalogue("mapping").values() for text in entry.values() if "{element}" in text]
    assert told
    assert [text for text in told if text.count("{element}") != text.count(" ({element})")] == []


def test_an_unknown_key_is_an_error_and_not_an_empty_sentence() -> None:
    with pytest.raises(KeyError):
        texts.say("referral.nothing-of-the-kind", "fr")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"), ("", "en"), ("fr", "fr"), ("ar-MA,fr;q=0.8", "ar"), ("de, fr;q=0.5, ar;q=0.9", "ar"), ("ary", "ar"),
        ("fr_MA.UTF-8", "fr"), ("C.UTF-8", "en"), ("*", "en"), ("fr;q=x, ar", "ar"), ("en-GB;q=0.1, fr;q=0.2", "fr"),
    ],
)  # fmt: skip
def test_the_best_of_our_languages_is_chosen(accepted: str | None, language: str) -> None:
    assert texts.choose_language(accepted) == language


@pytest.mark.parametrize("file", FILES)
def test_no_sentence_is_cut_off_by_a_sign_that_begins_a_comment(file: str) -> None:
    lines = (ROOT / f"hub/texts/{file}.yaml").read_text("utf-8").splitlines()
    assert [line for line in lines if re.match(r"""\s+(ar|fr|en): (?!["'|>&*{]).* #""", line)] == []
