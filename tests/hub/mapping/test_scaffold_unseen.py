"""How often a first mapping is right on registers and forms of people who did not know the program, and what was learnt from them.

`unseen.yaml` holds six files of one stranger, `second.yaml` six of another. Each were measured as they came (113 of 142, 124 of
141), and the rules mended after that, so from there on they are development. `adversary.yaml` was written against the rules by whoever mended them; docs/integrators.md tells the figures, `python -m benchmarks.first_mappings` measures others.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.first_mappings import Judged, counted, judge
from hub.cli import scaffold as command
from hub.mapping.scaffold import Known, Line, Proposal, propose
from hub.mapping.scaffold.form import form
from hub.mapping.scaffold.table import Question, questions
from hub.ports import Sample
from tests.support.scaffolding import ready

DATA = Path(__file__).parents[2] / "data" / "scaffold"
UNSEEN: dict[str, Any] = {
    name: said
    for file in ("unseen.yaml", "second.yaml", "adversary.yaml")
    for name, said in yaml.load((DATA / file).read_text("utf-8"), Loader=yaml.BaseLoader).items()
}
DETAILED = "spreadsheet/register-detailed"


@cache
def candidates(kind: str) -> list[tuple[str, Known]]:
    return list(command.ready_mappings(Path("nowhere"), frozenset({kind})))


@cache
def proposed(name: str) -> Proposal:
    samples = [Sample(None, tuple(map(tuple, rows))) for rows in UNSEEN[name]["sheets"]]
    asked = form([one.rows for one in samples])
    return command.nearest(candidates(command.FORM if asked else command.TABLE), samples, asked)[2]


def judged(name: str) -> list[Judged]:
    return judge(proposed(name), UNSEEN[name])


@pytest.mark.parametrize("name", UNSEEN)
def test_nine_of_ten_columns_of_a_file_are_right_and_none_is_wrong_with_high_confidence(name: str) -> None:
    figures = counted(judged(name))
    assert figures["right"] >= 0.9 * figures["mappable"], figures
    assert figures["wrong with high confidence"] == 0, [one for one in judged(name) if one.wrong]


def lines(*headers: str, cells: tuple[str, ...] = (), base: str = DETAILED) -> dict[str, Line]:
    asked = [Question(header, cells, (header,)) for header in headers]
    return {line.question.header: line for line in propose(asked, ready(base)).lines}


def column(header: str, *cells: str) -> str:
    return lines(header, cells=cells)[header].column


def test_a_header_that_stands_below_two_headings_is_read_below_each() -> None:
    rows = [
        ["N° dossier", "LA FEMME", "", "", "AUTEUR PRÉSUMÉ", "", ""],
        ["", "Date d'accueil", "Sexe", "Âge", "Lien", "Sexe", "Âge"],
        ["D-1", "05/01/2026", "F", "22", "mari", "M", "40"],
        ["D-2", "06/01/2026", "F", "31", "frère", "M", "28"],
    ]
    proposal = propose(questions(rows, ready(DETAILED).names), ready(DETAILED))
    assert {line.question.header: line.column for line in proposal.lines} == {
        "N° dossier": "case_number", "Date d'accueil": "visit_date", "Sexe": "sex", "Âge": "age", "Lien": "aggressor_relation",
        "AUTEUR PRÉSUMÉ Sexe": "perpetrator_sex", "AUTEUR PRÉSUMÉ Âge": "perpetrator_age",
    }  # fmt: skip


def test_a_date_below_a_heading_is_of_what_the_heading_says() -> None:
    asked = [
        Question("Date", ("05/01/2026", "06/01/2026"), ("Date",), group=group)
        for group in ("Certificat médical", "Les faits")
    ]
    assert [propose([one], ready(DETAILED)).lines[0].column for one in asked] == ["", "incident_date"]


@pytest.mark.parametrize(
    "header",
    ["Âge du conjoint", "Tél. accompagnant", "Tél. fam. proche", "هاتف المرافق", "Profession de l'agresseur", "اسم الأب", "Husband's age",
     "Contact number of relative", "N° aff. TPI", "رقم القضية بالمحكمة", "Date du certificat", "تاريخ الزواج", "Nb enf scolarisés"],
)  # fmt: skip
def test_what_is_another_persons_or_another_offices_is_not_proposed_as_hers(header: str) -> None:
    assert column(header) == ""


@pytest.mark.parametrize(
    "header", ["_id", "_submission_time", "meta/instanceID", "start", "form.meta.userID", "SubmissionDate"]
)
def test_what_a_tool_adds_to_every_record_is_left_out(header: str) -> None:
    assert column(header, "2026-01-05", "2026-01-06") == ""


def test_what_a_form_computes_is_never_more_than_a_question() -> None:
    survey = [
        ["type", "name", "label"],
        ["calculate", "age", "Âge"],
        ["select one yn", "enceinte", "Est-elle enceinte ?"],
    ]
    proposal = propose(form([survey, [["list_name", "name", "label"], ["yn", "1", "Oui"]]]), ready(DETAILED))
    assert [(line.column, line.confidence == "low") for line in proposal.lines] == [("age", True), ("pregnancy", False)]


def test_the_label_of_a_group_of_a_form_says_whose_its_questions_are() -> None:
    survey = [
        ["type", "name", "label"],
        ["begin_group", "g3", "L'agresseur présumé"],
        ["integer", "q7", "Âge"],
        ["end_group", "", ""],
    ]
    assert (
        propose(form([survey, [["list_name", "name", "label"]]]), ready(DETAILED)).lines[0].column == "perpetrator_age"
    )


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("Hand.", "disability"), ("Natté", "nationality"), ("Lg parlée", "language"), ("Niv scol", "education"), ("Dt sort.", "closure_date"),
     ("Quels sont ses besoins ?", "request"), ("Où habitez-vous ?", "address"), ("واش تعاود العنف", "repeated"),
     ("فاش خدامة", "occupation"), ("علاقة المشتكى به بالضحية", "aggressor_relation")],
)  # fmt: skip
def test_words_cut_short_sentences_and_dialect_are_read(header: str, wanted: str) -> None:
    assert column(header) == wanted


def test_first_letters_are_a_question_that_the_cells_may_answer() -> None:
    signs, words = lines("SF", cells=("M", "D", "V", "C")), lines("SF", cells=("mariée", "divorcée", "veuve"))
    assert (signs["SF"].column, signs["SF"].confidence) == ("marital_status", "low")
    assert (words["SF"].column, words["SF"].confidence) == ("marital_status", "medium")
    assert column("SF", "12 rue Fictive", "3 rue Inventée") != "marital_status"


def test_a_service_that_she_needs_is_not_one_that_was_given() -> None:
    found = lines("Suivi psy fait", "Besoin médical", "ref_legal", "Bes. ins. éco", cells=("Oui", "Non", "Oui"))
    assert [line.column for line in found.values()] == ["given_psychosocial", "medical", "legal", "livelihood"]


def test_a_word_that_is_nearly_another_is_never_beyond_doubt() -> None:
    assert lines("Demandeuse")["Demandeuse"].confidence != "high"
    assert lines("Demande")["Demande"].confidence == "high"


def test_answers_in_the_cells_are_no_name() -> None:
    assert lines("Nom complet", cells=("oui", "non", "oui"))["Nom complet"].confidence != "high"


def test_ways_of_a_tool_with_points_are_read_by_their_groups() -> None:
    headers = ["form.client.sex", "form.client.dob", "form.incident.date_of_incident", "form.perp.sex", "form.perp.age"]
    rows = [
        headers,
        ["female", "1990-01-02", "2026-01-03", "male", "adult"],
        ["female", "1991-01-02", "2026-01-04", "male", "adult"],
    ]
    found = propose(questions(rows, ready(DETAILED).names), ready(DETAILED)).lines
    assert [line.column for line in found] == [
        "sex",
        "birth_date",
        "incident_date",
        "perpetrator_sex",
        "perpetrator_age",
    ]


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [("Where does she live?", "address"), ("In which commune do you live?", "commune"), ("Qui remplit la fiche ?", "worker"),
     ("Peut-on l'appeler à ce numéro sans danger ?", "safe_to_call"), ("هل تحتاج إلى طبيب؟", "medical"), ("besoin_avocat", "legal"),
     ("Does she need a bed for tonight?", "shelter"), ("هل تحتاج إلى تكوين أو شغل؟", "livelihood"), ("Quand revient-elle ?", "appointment_date"),
     ("Qui lui a fait cela ?", "aggressor_relation"), ("من اعتدى عليها؟", "aggressor_relation"), ("À quel point est-ce urgent ?", "urgency"),
     ("Has this happened before?", "repeated"), ("إلى أين تم توجيهها؟", "referred_to"), ("When was she referred?", "referral_date"),
     ("May we use her information without her name in reports?", "consent_statistics"), ("How old is the perpetrator?", "perpetrator_age")],
)  # fmt: skip
def test_a_sentence_is_read_as_what_it_asks_for(sentence: str, meant: str) -> None:
    line = lines(sentence)[sentence]
    assert (line.column, line.confidence) in {(meant, "medium"), (meant, "low"), (meant, "high")}


@pytest.mark.parametrize(
    "sentence",
    ["Does she still live with the perpetrator?", "هل ما زالت تعيش مع المعتدي؟", "Do the children need a doctor?", "Quel âge a son mari ?",
     "Quel numéro appeler en cas d'urgence ?", "When is the next court hearing?", "Combien d'enfants sont scolarisés ?"],
)  # fmt: skip
def test_a_sentence_that_asks_for_something_else_is_not_read_as_what_it_resembles(sentence: str) -> None:
    assert column(sentence) == ""


def test_what_the_labels_of_a_form_ask_counts_more_than_its_name() -> None:
    labels = ("À quel numéro pouvons-nous vous joindre ?", "On which number can we reach you?", "num", "num")
    assert propose([Question("num", (), labels, kind="text", path=True)], ready(DETAILED)).lines[0].column == "phone"


def test_a_word_that_says_little_yields_to_what_is_called_in_full() -> None:
    found = lines("id", "num_dossier")
    assert (found["id"].column, found["num_dossier"].column) == ("", "case_number")


def test_signs_that_may_be_answered_are_no_part_of_a_header() -> None:
    assert column("الوسط ق/ح") == "milieu"


def test_first_letters_on_one_side_of_a_slash_are_not_understood() -> None:
    found = lines("RG / N° ENTREE", cells=("23219/23", "76092/23", "66088/23"))["RG / N° ENTREE"]
    assert found.confidence != "high"
