"""Beyond doubt is what its name says and what stands beside it or in it says, too (docs/adr/0085-beyond-doubt.md)."""

from collections.abc import Sequence

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.doubts import names_alone
from hub.mapping.scaffold.table import Question
from tests.support.scaffolding import ready

DETAILED = "spreadsheet/register-detailed"
ALONE = ("mapping.scaffold-alone", {})
DAYS = ("03/01/2025", "04/01/2025", "07/01/2025", "09/01/2025")
CASES = ("12/25", "13/25", "14/25", "15/25")
COURTS = ("24/2103/118", "25/2103/7", "25/2103/31", "25/2101/9")
AGES = ("23", "31", "45", "28")
NAMES = ("Fatima Zahra Alaoui", "Khadija Amrani", "Samira Bennani", "Naima Fassi")
COMPLAINTS = ("oui", "non", "oui", "oui")
KINDS = ("physique", "psychologique", "physique", "sexuelle")
LINKS = ("mari", "père", "mari", "frère")


def lines(*questions: Question) -> dict[str, Line]:
    return {line.question.header: line for line in propose(questions, ready(DETAILED)).lines}


def hers() -> Sequence[Question]:
    return (Question("Date d'accueil", DAYS), Question("Nom et prénom", NAMES), Question("Âge", AGES))


def test_what_its_neighbours_say_too_is_beyond_doubt() -> None:
    found = lines(Question("رقم الملف", CASES), *hers())["رقم الملف"]
    assert (found.column, found.confidence) == ("case_number", "high")
    assert ALONE not in found.reasons


def test_what_its_name_says_alone_is_in_force_and_not_beyond_doubt() -> None:
    """A court's number of the file, behind the complaint and the violence: whose file it is, its name does not say."""
    told = (Question("Type de violence", KINDS), Question("Lien avec l'auteur", LINKS), Question("Plainte", COMPLAINTS))
    found = lines(*hers(), *told, Question("رقم الملف", COURTS), Question("منطوق الحكم", ("سنة", "", "", "براءة")))
    line = found["رقم الملف"]
    assert (line.column, line.confidence, line.is_in_force) == ("case_number", "medium", True)
    assert line.reasons[-1] == ALONE
    assert found["Nom et prénom"].confidence == "high"


def test_a_table_that_is_a_tool_s_own_is_not_doubted() -> None:
    own = tuple(sorted(ready(DETAILED).headers))[:20]
    asked = dict(enumerate(Question(header, ()) for header in own))
    assert names_alone(asked, dict.fromkeys(asked, "closure_reason"), ready(DETAILED)) == set()
    habits = {at: Question(f"{one.header} zzk", ()) for at, one in asked.items()}
    assert names_alone(habits, dict.fromkeys(habits, "closure_reason"), ready(DETAILED))


def test_a_table_of_few_columns_has_no_neighbours_to_ask() -> None:
    assert lines(Question("رقم الملف", COURTS), Question("Plainte", COMPLAINTS))["رقم الملف"].confidence == "high"
