"""What kind of answer a header asks for, by families: the word that asks, whatever stands after it, in three languages."""

import pytest

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.table import Question
from tests.support.scaffolding import ready

DETAILED = "spreadsheet/register-detailed"


def line(header: str, *cells: str) -> Line:
    return propose([Question(header, cells, (header,))], ready(DETAILED)).lines[0]


PLACES = ["Où est-elle née ?", "Où a-t-elle porté plainte ?", "Où travaille-t-elle ?", "Où sont les enfants ?", "أين ولدت؟", "أين قدمت الشكاية؟",
          "فين تزادت؟", "Where was she born?", "Where did she file the complaint?", "Lieu de naissance / مكان الازدياد"]  # fmt: skip
DAYS = ["Quand a-t-elle porté plainte ?", "Quand s'est-elle mariée ?", "Quand a commencé la violence ?", "متى قدمت الشكاية؟", "متى تزوجت؟",
        "When was the certificate issued?", "Quand a-t-elle porté plainte ? متى قدمت الشكاية؟", "Date du mariage", "تاريخ المحضر", "Training date"]  # fmt: skip
PERSONS = ["Qui garde les enfants ?", "Qui a porté plainte ?", "Avec qui vit-elle ?", "من قدم الشكاية؟", "شكون جا معاها؟", "Who filed the complaint?"]  # fmt: skip
COUNTS = ["Combien de nuits ?", "Combien de séances ?", "Combien d'années de mariage ?", "كم عدد الجلسات؟", "Nombre de nuits / عدد الليالي"]  # fmt: skip
NUMBERS = ["رقم المحضر", "N° PV", "N° de chambre", "N° acte de mariage", "رقم الغرفة", "رقم الإرسالية", "Police report number", "Session number", "Numéro de chambre رقم الغرفة"]  # fmt: skip
OTHERS = ["A-t-il des antécédents ?", "هل لديه سوابق؟", "هل توافق على تصويرها؟", "Accepte l'enregistrement / توافق على التسجيل", "Veut-elle porter plainte ?"]  # fmt: skip


@pytest.mark.parametrize("header", [*PLACES, *DAYS, *PERSONS, *COUNTS, *NUMBERS, *OTHERS])
def test_what_asks_for_another_kind_of_answer_is_never_in_force(header: str) -> None:
    assert line(header).confidence in {"low", "none"}


@pytest.mark.parametrize("header", [*PLACES, *DAYS[:8], *NUMBERS[:7], *PERSONS[:4]])
def test_what_asks_for_what_no_column_holds_is_not_proposed(header: str) -> None:
    assert line(header).column == ""


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("Où habite-t-elle ?", "address"), ("أين وقع الاعتداء؟", "violence_place"), ("Quand est-elle née ?", "birth_date"), ("متى غادرت المركز؟", "closure_date"),
     ("Quand a-t-elle été agressée ?", "incident_date"), ("متى تم توجيهها؟", "referral_date"), ("Qui l'a orientée ?", "referred_from"), ("شكون ضربها؟", "aggressor_relation"),
     ("Qui a rempli la fiche ?", "worker"), ("Combien d'enfants a-t-elle ?", "children"), ("كم عمرها؟", "age"), ("N° du dossier", "case_number"), ("Phone number", "phone"),
     ("رقم البطاقة الوطنية", "cin"), ("Accepte le partage de son dossier تقبل تقاسم ملفها", "consent"),
     ("Quel âge a l'agresseur ?", "perpetrator_age"), ("تاريخ الاستقبال Date d'accueil", "visit_date"), ("علاقته بالضحية", "aggressor_relation")],
)  # fmt: skip
def test_what_asks_for_what_a_column_holds_is_that_column(header: str, wanted: str) -> None:
    assert line(header).column == wanted


def test_what_a_column_is_exactly_called_counts_before_the_word_that_asks() -> None:
    assert line("Lieu de résidence").column == "address"
    assert line("مدة العجز").column == "medical_certificate"


def test_a_name_with_another_word_in_the_place_of_its_own_is_only_asked_about() -> None:
    days = ("05/01/2026", "06/01/2026", "07/01/2026")
    assert line("Date du dernier repas", *days).confidence in {"low", "none"}


def test_an_institution_alone_may_be_hers_and_is_never_beyond_doubt() -> None:
    assert line("Association / Institution", "Asso Inventée", "Asso Fictive").confidence != "high"


@pytest.mark.parametrize(
    "header",
    ["TEST", "Fiche test", "essai", "Données de test ?", "Test record?", "واش هادي غير تجربة؟", "استمارة تجريبية"],
)
def test_what_marks_tests_is_a_question_and_no_column(header: str) -> None:
    found = line(header, "oui", "non", "oui")
    assert (found.column, found.confidence, found.tests) == ("", "low", True)


@pytest.mark.parametrize(
    "header", ["Test de grossesse", "Test VIH", "Résultat du test", "Date du test", "اختبار الحمل"]
)
def test_a_test_of_her_body_marks_nothing(header: str) -> None:
    assert not line(header, "oui", "non").tests


def test_of_two_columns_that_mark_tests_one_is_asked_about() -> None:
    asked = [Question(header, ("oui", "non"), (header,)) for header in ("Fiche test", "Essai")]
    assert [one.tests for one in propose(asked, ready(DETAILED)).lines] == [True, False]


@pytest.mark.parametrize("header", ["Clôture", "cloture"])
def test_what_is_answered_with_yes_or_no_is_no_day_of_it(header: str) -> None:
    assert line(header, "N", "O", "N", "N").column in {"outcome", ""}
    assert line("Clôture", "12/03/2026", "02/04/2026").column == "closure_date"
