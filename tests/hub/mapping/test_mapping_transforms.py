"""Each transform by what registers hold, and by its law: what is written back is read as the same value."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.fhir.folding import ascii_digits
from hub.fhir.writable import CONTROL
from hub.mapping.model import Code, Context
from hub.mapping.transforms.ages import AgeText, band
from hub.mapping.transforms.answers import Answer, Boolean
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.dates import DateText
from hub.mapping.transforms.organizations import OrganizationName
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Digits, Integer, Text, Year
from hub.mapping.vocabulary import Label, Vocabulary

TODAY = date(2026, 11, 23)
CONTEXT = Context("association", {"chu": "chu-ibn-zohr", "chu-ibn-zohr": "chu-ibn-zohr"}.get, TODAY)

dates = st.dates(date(1930, 1, 1), TODAY)
languages = st.sampled_from(["ar", "fr", "en"])


def value(transform, text):
    return transform.forward(text, CONTEXT).value


def trouble(transform, text):
    found = transform.forward(text, CONTEXT).trouble
    return found.text if found else None


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("12/03/2026", "2026-03-12"),
        ("12-03-26", "2026-03-12"),
        ("12.3.2026", "2026-03-12"),
        ("١٢/٠٣/٢٠٢٦", "2026-03-12"),
        ("\u200f12/03/2026", "2026-03-12"),
        ("2026-03-12", "2026-03-12"),
        ("2026-03-12 00:00:00", "2026-03-12"),
        ("2026-03-12T09:00:11.000+00:00", "2026-03-12"),
        ("46093", "2026-03-12"),
        ("12 mars 2026", "2026-03-12"),
        ("le 1er février 2026", "2026-02-01"),
        ("jeudi 12 mars 2026", "2026-03-12"),
        ("3 aout 2025", "2025-08-03"),
        ("12 مارس 2026", "2026-03-12"),
        ("5 ماي 2026", "2026-05-05"),
        ("9 يوليوز 2026", "2026-07-09"),
        ("9 غشت 2025", "2025-08-09"),
        ("1 شتنبر 2025", "2025-09-01"),
        ("2 نونبر 2025", "2025-11-02"),
        ("31 دجنبر 2025", "2025-12-31"),
        ("1 سبتمبر 2025", "2025-09-01"),
        ("7 كانون الثاني 2026", "2026-01-07"),
        ("mars 2026", "2026-03"),
        ("03/2026", "2026-03"),
        ("??/03/2026", "2026-03"),
        ("2001", "2001"),
        ("??/??/2001", "2001"),
        ("سنة 2001", "2001"),
        ("12/03/85", "1985-03-12"),
    ],
)
def test_a_date_keeps_the_precision_it_was_written_with(text, written):
    assert value(DateText(), text).value == written


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-05-01T22:30:00.000Z", "2026-05-01"),
        ("2026-05-01T23:30:00.000Z", "2026-05-02"),
        ("2026-05-01T23:30:00.000+00:00", "2026-05-02"),
        ("2026-05-01 23:30:00Z", "2026-05-02"),
        ("2026-12-31T23:00:00Z", "2027-01-01"),
        ("2026-03-10T23:30:00.000Z", "2026-03-10"),  # Ramadan: UTC+0
        ("2026-05-02T00:30:00+01:00", "2026-05-02"),
        ("2026-05-01T23:30:00", "2026-05-01"),
        ("2026-05-01T23:30", "2026-05-01"),
    ],
)
def test_a_moment_with_its_zone_is_of_the_day_that_it_was_in_morocco(text, day):
    """Primero and ODK tell in UTC; a spreadsheet tells by the clock on the wall, and no zone."""
    assert value(DateText(order="ymd", future=True), text).value == day


MONTHS = (
    "يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "January February March April May June July August September October November December",
)


@pytest.mark.parametrize("names", MONTHS, ids=["Morocco", "Mashriq", "French", "French without accents", "English"])
def test_each_month_has_its_names(names):
    read = [value(DateText(), f"5 {name} 2025").value for name in names.split()]
    assert read == [f"2025-{month:02}-05" for month in range(1, 13)]


@pytest.mark.parametrize("text", ["vers 2001", "~2001", "حوالي 2001", "environ 2001"])
def test_an_estimated_date_says_so(text):
    assert value(DateText(), text) == ("2001", True)


def test_the_first_of_january_of_a_birth_is_its_year_alone():
    assert value(DateText(birth=True), "01/01/2001").value == "2001"
    assert value(DateText(), "01/01/2001").value == "2001-01-01"


@pytest.mark.parametrize("text", ["12 رجب 1445", "15/09/1445", "1445", "5 شعبان", "1445 هـ", "١٢ ربيع الأول ١٤٤٥"])
def test_a_hijri_date_is_named_as_such_and_never_converted(text):
    assert value(DateText(), text) is None
    assert trouble(DateText(), text) == "mapping.date-hijri"


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("12 رجب 1445", "12 رجب 1445 ≈ 23/01/2024"),
        ("1/1/1445", "1/1/1445 ≈ 19/07/2023"),
        ("٢٩ ذو الحجة ١٤٤٧", "٢٩ ذو الحجة ١٤٤٧ ≈ 15/06/2026"),
        ("9 رمضان 1447 هـ", "9 رمضان 1447 هـ ≈ 26/02/2026"),
        ("1445", "1445"),
        ("45/09/1445", "45/09/1445"),
        ("5 شعبان", "5 شعبان"),
    ],
)
def test_a_person_who_decides_about_a_hijri_date_is_shown_both_readings(text, both):
    found = DateText().forward(text, CONTEXT).trouble
    assert found is not None and found.value == both


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("31/02/2026", "mapping.date-impossible"),
        ("03/25/2026", "mapping.date-impossible"),
        ("12/03/2027", "mapping.date-future"),
        ("2027", "mapping.date-future"),
        ("demain", "mapping.date-unreadable"),
        ("12/03", "mapping.date-unreadable"),
    ],
)
def test_a_date_that_cannot_be_is_refused_with_its_reason(text, problem):
    assert trouble(DateText(), text) == problem


@pytest.mark.parametrize(
    ("transform", "text", "shown"),
    [(DateText(), "Salma 15 marz 2026", "… 15 … 2026"), (Integer(), "سلمى", "…"), (Year(), "vers 20O1", "… 20…1")],
)
def test_words_where_digits_were_looked_for_are_not_shown(transform, text, shown):
    found = transform.forward(text, CONTEXT).trouble
    assert found is not None and found.value == shown


def test_day_and_month_follow_the_order_of_the_mapping_alone():
    assert value(DateText(order="mdy"), "03/12/2026").value == "2026-03-12"
    assert value(DateText(order="dmy"), "03/10/2026").value == "2026-10-03"


def test_a_serial_number_depends_on_the_epoch_of_its_workbook():
    assert value(DateText(epoch=1904), "44631").value == "2026-03-12"


def test_a_precise_date_needs_its_day():
    assert trouble(DateText(precise=True), "03/2026") == "mapping.date-partial"


def test_an_instant_is_written_back_in_moroccan_time():
    assert DateText(time=True).back("2026-06-12T23:30:00.000+00:00") == "13/06/2026 00:30"
    assert DateText(time=True).back("2026-03-10T23:30:00.000+00:00") == "10/03/2026 23:30"  # Ramadan: UTC+0


@given(dates, st.sampled_from(["dmy", "mdy", "ymd"]), st.sampled_from([4, 7, 10]), st.booleans(), languages)
def test_a_date_written_back_is_read_as_the_same_date(day, order, length, estimated, language):
    transform = DateText(language=language, order=order)
    told = transform.join({"": day.isoformat()[:length], "estimated": estimated})
    assert value(transform, transform.back(told)) == told


@given(dates)
def test_a_date_reads_the_same_as_text_and_as_a_serial_number(day):
    serial = str((day - date(1899, 12, 30)) // timedelta(days=1))
    assert value(DateText(), serial) == value(DateText(), f"{day:%d/%m/%Y}")


@given(st.text(max_size=30))
def test_no_text_makes_a_transform_raise(text):
    for transform in (DateText(), AgeText(), Phones(), Integer(), Year(), Boolean(), Text(), Digits(compact=True)):
        transform.forward(text, CONTEXT)


# --- ages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "age", "low", "high", "estimated", "name"),
    [
        ("24", 24, None, None, False, "18-25"),
        ("24 ans", 24, None, None, False, "18-25"),
        ("٢٤ سنة", 24, None, None, False, "18-25"),
        ("24.0", 24, None, None, False, "18-25"),
        ("~25", 25, None, None, True, "18-25"),
        ("حوالي 30 سنة", 30, None, None, True, "26-40"),
        ("25-30", None, 25, 30, False, "adult"),
        ("26 à 30 ans", None, 26, 30, False, "26-40"),
        ("بين 15 و17", None, 15, 17, False, "15-17"),
        ("18+", None, 18, None, False, "adult"),
        ("plus de 60", None, 60, None, False, "adult"),
        ("mineure", None, None, None, False, "minor"),
        ("قاصر", None, None, None, False, "minor"),
        ("راشدة", None, None, None, False, "adult"),
        ("8 mois", 0, None, None, False, "0-11"),
    ],
)
def test_an_age_is_told_in_many_ways(text, age, low, high, estimated, name):
    assert value(AgeText(), text) == (age, low, high, estimated, name)


@pytest.mark.parametrize("text", ["240", "30-25", "jeune"])
def test_an_age_that_cannot_be_is_refused(text):
    assert trouble(AgeText(), text) in {"mapping.age-impossible", "mapping.age-unreadable"}


@given(st.integers(0, 120), st.integers(0, 120), st.booleans(), languages)
def test_an_age_written_back_is_read_as_the_same_age(one, other, estimated, language):
    transform = AgeText(language=language)
    low, high = sorted((one, other))
    for parts in ({"age": one}, {"low": low, "high": high}, {"low": low}):
        told = transform.join({**parts, "estimated": estimated})
        assert value(transform, transform.back(told)) == told
    for name in ("minor", "adult", "unknown"):
        assert value(transform, transform.back(transform.join({"band": name}))).band == name


@given(st.integers(0, 120), st.integers(0, 120))
def test_a_band_never_calls_a_possible_minor_an_adult(one, other):
    low, high = sorted((one, other))
    assert (band(low, high) in {"adult", "18-25", "26-40", "41-60", "61-plus"}) == (low >= 18)


# --- telephones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0612345678", ("+212612345678",)),
        ("06 12 34 56 78", ("+212612345678",)),
        ("٠٦١٢٣٤٥٦٧٨", ("+212612345678",)),
        ("612345678", ("+212612345678",)),
        ("+212 (0)6 12-34-56-78", ("+212612345678",)),
        ("00212612345678", ("+212612345678",)),
        ("0612345678/0522304120", ("+212612345678", "+212522304120")),
        ("0612345678 و 0522304120", ("+212612345678", "+212522304120")),
        ("06 12 34 56 78 05 22 30 41 20", ("+212612345678", "+212522304120")),
        ("8350", ("8350",)),
        ("+33 6 12 34 56 78", ("+33612345678",)),
    ],
)
def test_a_telephone_number_is_found_in_the_ways_registers_write_it(text, numbers):
    assert value(Phones(), text) == numbers


def test_a_number_that_the_spreadsheet_destroyed_is_left_out_with_a_warning():
    reading = Phones().forward("2.12613E+11", CONTEXT)
    assert reading.value is None
    assert reading.trouble.warns
    assert reading.trouble.text == "mapping.phone-lost"


@pytest.mark.parametrize("text", ["0612345678 (sœur)", "06123", "voir dossier"])
def test_a_number_with_a_remark_is_not_one_to_call(text):
    assert trouble(Phones(), text) == "mapping.phone-unreadable"


@pytest.mark.parametrize("text", ["8350", "2511", "190", "177", "19", "15", "٨٣٥٠"])
def test_a_line_of_help_or_emergency_is_kept_as_it_is(text):
    assert value(Phones(), text) == (ascii_digits(text),)


def test_one_bad_number_does_not_lose_the_other():
    reading = Phones().forward("0612345678 / 06123", CONTEXT)
    assert reading.value == ("+212612345678",)
    assert reading.trouble.text == "mapping.phone-unreadable"


@given(st.lists(st.from_regex(r"\+2126[0-7][0-9]{7}", fullmatch=True), min_size=1, max_size=3, unique=True))
def test_numbers_written_back_are_read_as_the_same_numbers(numbers):
    assert value(Phones(), Phones().back(tuple(numbers))) == tuple(numbers)


# --- words -----------------------------------------------------------------------------------------------------------

GBV, OWN = "urn:gbv", "urn:own"
MAP = {
    "group": [
        {
            "source": "words-fr",
            "target": GBV,
            "element": [
                {"code": "physique", "target": [{"code": "physical"}]},
                {"code": "corporelle", "target": [{"code": "physical"}]},
                {"code": "déni de ressources, d'opportunités ou de services", "target": [{"code": "denial"}]},
                {"code": "expulsion", "target": [{"code": "denial"}]},
                {"code": "non précisé", "target": [{"equivalence": "unmatched"}]},
            ],
        },
        {"source": "words-fr", "target": OWN, "element": [{"code": "expulsion", "target": [{"code": "eviction"}]}]},
        {
            "source": "words-ar",
            "target": GBV,
            "element": [
                {"code": "جسدي", "target": [{"code": "physical"}]},
                {"code": "نفسي", "target": [{"code": "psychological"}]},
                {"code": "اقتصادية", "target": [{"code": "denial"}]},
            ],
        },
    ]
}
LABELS = [Label(Code(GBV, "psychological"), "fr", "Violence psychologique / émotionnelle")]
PHYSICAL, PSYCHOLOGICAL, DENIAL, EVICTION = (
    Code(GBV, "physical"),
    Code(GBV, "psychological"),
    Code(GBV, "denial"),
    Code(OWN, "eviction"),
)


def codes(language="fr", **settings):
    return Codes(Vocabulary([MAP], LABELS, language), several=True, **settings)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Physique", (PHYSICAL,)),
        ("violences corporelles", (PHYSICAL,)),
        ("جسدي ونفسي", (PHYSICAL, PSYCHOLOGICAL)),
        ("العنف الجسدي و النفسي", (PHYSICAL, PSYCHOLOGICAL)),
        ("جسدي، نفسي؛ اقتصادية", (PHYSICAL, PSYCHOLOGICAL, DENIAL)),
        ("physique + expulsion", (PHYSICAL, DENIAL, EVICTION)),
        ("physique\nexpulsion", (PHYSICAL, DENIAL, EVICTION)),
        ("physique et Violence psychologique / émotionnelle", (PHYSICAL, PSYCHOLOGICAL)),
        ("Déni de ressources, d'opportunités ou de services", (DENIAL,)),
        ("physique/physique", (PHYSICAL,)),
    ],
)
def test_several_words_in_a_cell_are_each_understood(text, found):
    assert value(codes(), text) == found
    assert trouble(codes(), text) is None


def test_a_word_that_says_nothing_is_known_and_empty():
    assert codes().forward("non précisé", CONTEXT).value is None
    assert trouble(codes(), "non précisé") is None


def test_an_unknown_word_is_named_beside_the_known_ones():
    reading = codes().forward("physique, astrale", CONTEXT)
    assert reading.value == (PHYSICAL,)
    assert reading.trouble.text == "mapping.code-unknown"
    assert reading.trouble.value == "astrale"
    assert "physique" in codes().forward("phisique", CONTEXT).trouble.params["known"]


def test_codes_are_written_back_in_the_words_of_the_language():
    assert codes("fr").back((PHYSICAL, DENIAL, EVICTION)) == "physique, expulsion"
    assert codes("ar").back((PHYSICAL, PSYCHOLOGICAL)) == "جسدي, نفسي"


@given(
    st.lists(st.sampled_from([PHYSICAL, PSYCHOLOGICAL, DENIAL, EVICTION]), min_size=1, unique=True).filter(
        lambda found: EVICTION not in found or DENIAL in found
    ),
    languages,
)
def test_codes_written_back_are_read_as_the_same_codes(found, language):
    transform = codes(language)
    assert set(value(transform, transform.back(tuple(found)))) == set(found)


def test_a_survey_tool_separates_by_spaces():
    assert value(codes(separator="space"), "physique expulsion") == (PHYSICAL, DENIAL, EVICTION)


# --- answers, counts, text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["oui", "Oui ", "نعم", "x", "X", "✓", "1", "true", "yes"])
def test_yes_has_many_spellings(text):
    assert value(Boolean(), text) is True


@pytest.mark.parametrize("text", ["non", "لا", "0", "false", "no"])
def test_no_has_many_spellings(text):
    assert value(Boolean(), text) is False


def test_an_answer_that_is_neither_is_refused_with_the_known_ones():
    assert trouble(Answer(), "peut-être") == "mapping.answer-unknown"


@pytest.mark.parametrize(("language", "known"), [("fr", "oui, non"), ("ar", "نعم, لا"), ("en", "yes, no")])
def test_what_can_be_answered_is_told_of_both_kinds_of_answer(language: str, known: str) -> None:
    for transform in (Answer(language=language), Boolean(language=language)):
        assert transform.forward("9 h", CONTEXT).trouble.params == {"known": known}


def test_a_refusal_is_an_answer_of_its_own():
    words = {"declined": ["refuse l'orientation", "ترفض"]}
    assert value(Answer(words=words), "ترفض") == "declined"
    assert value(Boolean(words=words), "ترفض") is False


@given(st.sampled_from(["yes", "no", "declined"]), languages, st.booleans())
def test_an_answer_written_back_is_read_as_the_same_answer(answer, language, own):
    transform = Answer(language=language, words={"yes": ["si"], "no": ["pas"], "declined": ["décline"]} if own else {})
    assert value(transform, transform.back(answer)) == answer


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("3", 3), ("٣", 3), ("3 enfants", 3), ("3.0", 3), ("3,0", 3), ("aucun", 0), ("بدون", 0), ("٣\u066b٠", 3),
        ("١\u066c٠٠٠", 1000), ("1 000", 1000), ("1\u202f200 DH", 1200), ("12\u00a0000,00", 12000),
    ],
)  # fmt: skip
def test_a_count_is_read_with_its_unit(text, count):
    assert value(Integer(), text) == count


@pytest.mark.parametrize("text", ["3.5", "٣\u066b٥", "1 00", "12 34", "3 4", "1\u066c00"])
def test_what_is_no_whole_number_is_no_count(text):
    assert value(Integer(), text) is None


@given(st.integers(0, 10**8))
def test_a_count_written_back_is_the_same_count(count):
    assert value(Integer(), Integer().back(count)) == count


@pytest.mark.parametrize("text", ["non présentée", "perdue", "غير متوفرة", "-?-"])
def test_words_without_a_digit_are_no_number_of_anybody(text):
    found = Digits(compact=True, expect="[A-Z]{1,2}[0-9]{5,6}").forward(text, CONTEXT)
    assert (found.value, found.trouble and (found.trouble.text, found.trouble.warns)) == (
        None,
        ("mapping.no-number", True),
    )
    assert Digits().forward(text, CONTEXT).trouble is None  # a code may be of letters


def test_an_unusual_number_is_kept_with_a_warning():
    cin = Digits(compact=True, expect=r"[A-Z]{1,2}\d{5,6}")
    assert cin.forward("be 12 34-56", CONTEXT).value == "BE123456"
    reading = cin.forward("12", CONTEXT)
    assert (reading.value, reading.trouble.warns) == ("12", True)


@given(st.text(max_size=20))
def test_digits_are_canonical_after_one_reading(text):
    once = value(Digits(compact=True), text)
    assert once is None or value(Digits(compact=True), once) == once


@given(st.text(min_size=1).map(str.strip).filter(bool))
def test_text_comes_back_as_it_was(text):
    assume(not CONTROL.search(text))
    assert Text().back(value(Text(), text)) == text


@pytest.mark.parametrize("transform", [Text(), Digits()])
@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("AB\x0012", "AB12"),
        ("AB12\x00\x00 \x00", "AB12"),
        ("AB\x0bCD", "AB\nCD"),  # a line break of a word processor
        ("AB\x0cCD\x1f", "AB\nCD"),
        ("AB\tCD\r\nEF", "AB\tCD\r\nEF"),
        ("\x01\x02", None),
    ],
)
def test_what_no_text_of_fhir_holds_is_taken_away(transform, told, meant):
    assert value(transform, told) == meant


@given(st.text(st.sampled_from("a ب\t\n\r\x00\x0b\x0c\x1c\x1f\u200f"), max_size=12))
def test_what_is_taken_away_is_what_nobody_sees(text):
    once = value(Text(), text)
    assert once is None or not CONTROL.search(once)
    seen = [c for c in text if not c.isspace() and not CONTROL.match(c)]
    assert [c for c in once or "" if not c.isspace()] == seen
    assert once is None or value(Text(), once) == once


def test_a_year_is_found_and_checked():
    assert value(Year(), "née en 1999") == "1999"
    assert trouble(Year(), "2031") == "mapping.date-unreadable"


def test_an_organisation_is_found_by_name_and_by_id():
    assert value(OrganizationName(), " chu ") == "chu-ibn-zohr"
    assert value(OrganizationName(), OrganizationName().back("chu-ibn-zohr")) == "chu-ibn-zohr"
    assert trouble(OrganizationName(), "inconnue") == "mapping.organization-unknown"


@pytest.mark.parametrize(
    "text", ["Me Exemple", "Maître Exemple", "Dr. EXEMPLE", "mme Exemple", "الأستاذة مثال", "د. مثال"]
)
def test_a_person_who_is_no_organisation_is_not_named_in_the_message(text):
    found = OrganizationName().forward(text, CONTEXT)
    assert (found.trouble.text, found.trouble.value) == ("mapping.organization-unknown", "")


@pytest.mark.parametrize("text", ["Médecins du Monde", "Mecque", "Drâa", "Missour", "دار الأمان"])
def test_an_organisation_that_begins_like_a_title_is_named(text):
    assert OrganizationName().forward(text, CONTEXT).trouble.value == text
