"""A list of who came to a training or a talk is told from a register of cases, and no register is taken for one, however thin."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.cli import scaffold as command
from hub.cli.scaffold import _is_gathering
from hub.mapping.scaffold import Known, Proposal
from hub.ports import Sample
from tests.hub.mapping.test_scaffold_strangers import STRANGERS, samples_of
from tests.hub.mapping.test_scaffold_unseen import UNSEEN

LISTS: dict[str, list[list[str]]] = {
    "présence": [
        ["Feuille de présence"],
        ["N°", "Nom et prénom", "Organisme", "Fonction", "Téléphone", "E-mail", "Signature"],
    ],
    "thème": [["Date", "Thème", "Lieu", "Nom et prénom", "Âge", "Signature"]],
    "participante": [["Date", "Activité", "Animatrice", "Participante", "CIN", "Douar", "Emargement"]],
    "atelier": [
        ["Atelier d'information sur la loi 103-13"],
        ["N°", "Nom", "Prénom", "Ville", "Téléphone", "Émargement"],
    ],
    "لائحة الحضور": [["لائحة الحضور"], ["الرقم", "الاسم الكامل", "الصفة", "الهاتف", "التوقيع"]],
    "موضوع الدورة": [["التاريخ", "موضوع الدورة", "المكان", "اسم المشاركة", "السن", "التوقيع"]],
    "attendance": [["Attendance sheet"], ["No", "Name", "Organization", "Role", "Phone", "Email", "Signature"]],
    "training": [["Date", "Training topic", "Venue", "Participant name", "Sex", "Age", "Signature"]],
}
REGISTERS: dict[str, list[list[str]]] = {
    "the thinnest": [["N°", "Date", "Nom", "Téléphone"]],
    "signed": [["N°", "Date", "Nom", "Téléphone", "Motif", "Signature"]],
    "أمضت": [["الرقم", "التاريخ", "الاسم", "الموضوع", "التوقيع"]],
    "violence": [["Date", "Nom et prénom", "Violence", "Orientation", "Signature"]],
    "what she learns": [["Nom", "Date d'entrée", "Âge", "Formation suivie", "Atelier", "Signature"]],
    "a group for those who were hurt": [
        ["Séance de groupe"],
        ["Code", "Date", "Nom", "Âge", "Thème", "Présence", "Signature"],
    ],
    "a hearing": [["Date de séance", "Nom", "Tribunal", "N° de dossier", "Présente à la séance"]],
    "الحالات": [["رقم الملف", "الاسم", "تاريخ الحضور", "نوع العنف", "التوقيع"]],
    "participation in costs": [["N°", "Date", "Nom", "Participation"]],
}


@cache
def candidates() -> list[tuple[str, Known]]:
    return list(command.ready_mappings(Path("nowhere"), frozenset({command.TABLE})))


def sheet(rows: list[list[str]]) -> list[Sample]:
    width = max(map(len, rows))
    filled = [*rows, *(["12", "12/03/2026", "Amina Fictive", "x"] for _ in range(3))]
    return [Sample(None, tuple(tuple([*row, *[""] * width][:width]) for row in filled))]


def proposal(samples: list[Sample]) -> Proposal:
    return command.nearest(candidates(), samples, [])[2]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_who_came_is_asked_about(name: str) -> None:
    samples = sheet(LISTS[name])
    assert _is_gathering(proposal(samples), samples)


@pytest.mark.parametrize("name", REGISTERS)
def test_a_register_is_never_taken_for_one_however_little_it_says(name: str) -> None:
    samples = sheet(REGISTERS[name])
    assert not _is_gathering(proposal(samples), samples)


def every_register() -> dict[str, list[Sample]]:
    """Those that people made who did not know the program."""
    found = {name: samples_of(one) for name, one in STRANGERS.items() if "survey" not in one}
    for name, one in UNSEEN.items():
        found[name] = [Sample(None, tuple(map(tuple, rows))) for rows in one["sheets"]]
    return found


def test_none_of_the_registers_that_strangers_made_is_taken_for_one() -> None:
    said: dict[str, Any] = command.read_lexicon()["gatherings"]
    taken, seen = [], 0
    for name, samples in every_register().items():
        asked = command._questions(samples, candidates()[0][1])
        if asked:
            seen += 1
            taken += [name for one in samples if command.is_list_of_participants(asked, one.rows, said)]
    assert set(taken) <= {"feuille-presence"}, "which is one, where its headers are known"
    assert seen >= 12, "else nothing was compared"


def test_the_words_are_data_in_three_languages() -> None:
    lexicon = yaml.load((files("mappings") / "lexicon.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    signs = lexicon["gatherings"]["signs"]
    for kind in signs:
        text = " ".join(signs[kind])
        assert any("\u0621" <= letter <= "\u064a" for letter in text) and any("a" <= letter <= "z" for letter in text)
