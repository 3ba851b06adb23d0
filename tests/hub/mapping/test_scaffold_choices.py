"""What the choices of a form mean is told by their labels: surely where they agree, as a question where they do not."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.cli import scaffold as command
from hub.mapping.model import Transform
from hub.mapping.scaffold import Known, Proposal, propose
from hub.mapping.scaffold.choices import Choice, Meant, answers, concept_map, meant
from hub.mapping.scaffold.form import form
from hub.mapping.transforms.answers import Answer

DATA = Path(__file__).parents[2] / "data" / "scaffold"
TODAY = date(2026, 11, 26)


@cache
def intake() -> Known:
    return dict(command.ready_mappings(Path("nowhere"), frozenset({command.FORM})))["kobo/intake"]


@cache
def composed() -> tuple[dict[str, str], Proposal]:
    """What each question of a form in another's words is, and what is proposed."""
    said: dict[str, Any] = yaml.load((DATA / "form.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    return said["truth"], propose(form([said["survey"], said["choices"], said["settings"]]), intake())


def relation(*choices: Choice) -> list[Meant]:
    own = intake().columns["auteurs/relation"].transform
    assert own is not None
    return meant(choices, own, intake().words["auteurs/relation"], TODAY)


def answered(*choices: Choice) -> list[Meant]:
    own: Transform = Answer()
    return meant(choices, own, [], TODAY)


def test_nine_of_ten_questions_of_a_form_are_right_and_none_is_wrong_with_high_confidence() -> None:
    truth, proposal = composed()
    mappable = {question for question, column in truth.items() if column != "-"}
    right = {
        line.question.header for line in proposal.lines if line.column and truth[line.question.header] == line.column
    }
    assert len(right & mappable) >= 0.9 * len(mappable)
    assert [
        line.question.header
        for line in proposal.lines
        if line.confidence == "high" and truth[line.question.header] != line.column
    ] == []


def test_every_choice_of_that_form_means_what_it_says() -> None:
    _, proposal = composed()
    told = {(line.question.header, one.choice.name): one.told for line in proposal.lines for one in line.meant}
    assert told["sec_b/b1", "f1"] == "gbv-type#physical-assault"
    assert told["sec_b/b3", "l1"] == "place-type#marital-home"
    assert told["d1", "s4"] == "service-type#shelter"
    assert told["d2", "r"] == "declined"
    assert told["sec_b/b1", "f9"] == ""  # nobody knows what "something else" is


@pytest.mark.parametrize("label", ["mari", "Mari", "زوج", "الزوج"])
def test_one_label_alone_is_taken_but_never_with_high_confidence(label: str) -> None:
    (one,) = relation(Choice("k1", (label,)))
    assert (one.told, one.confidence) == ("perpetrator-relation#intimate-partner-former-partner", "medium")


def test_labels_that_agree_are_sure_and_labels_that_differ_are_a_question() -> None:
    sure, differ, unknown = relation(
        Choice("k1", ("Mari", "الزوج")), Choice("k2", ("Mari", "الأخ")), Choice("k3", ("Lunaire", ""))
    )
    assert sure.confidence == "high"
    assert (differ.meaning, differ.confidence, differ.reason) == (None, "low", "mapping.scaffold-choice-differ")
    assert (unknown.meaning, unknown.confidence) == (None, "none")


def test_a_label_that_contradicts_a_name_which_is_understood_is_a_question() -> None:
    agrees, contradicts = answered(Choice("n", ("Non",)), Choice("n", ("Oui",)))
    assert (agrees.meaning, agrees.confidence, agrees.known) == ("no", "high", True)
    assert (contradicts.meaning, contradicts.confidence, contradicts.known) == (None, "low", False)


def test_only_what_is_taken_is_written_into_the_list_of_words() -> None:
    found = relation(Choice("k1", ("Mari", "الزوج")), Choice("k2", ("Mari", "الأخ")), Choice("k3", ("Frère",)))
    written = concept_map("choices-x", found)
    assert written is not None
    targets = {one["code"]: one["target"] for group in written["group"] for one in group["element"]}
    assert targets.keys() == {"k1", "k3"}
    assert [one["equivalence"] for one in (*targets["k1"], *targets["k3"])] == ["equivalent", "inexact"]
    assert answers(answered(Choice("a1", ("Oui", "نعم")), Choice("a2", ("Oui", "لا")))) == {"yes": ["a1"]}
