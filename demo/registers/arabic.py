"""The register of a psychosocial association: an Arabic workbook, right to left, one sheet a month, grown over the years."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from demo.registers.cases import Association
from demo.registers.words import AR, MONTHS
from demo.registers.writing import Hand, Value

OWN: Final = "yasmine-psy"
COUNT: Final = 180

# (group over the header, column, header). Columns without a group have their header merged over both rows.
COLUMNS: Final = (
    ("", "case_number", "رقم الملف"),
    ("", "visit_date", "تاريخ الاستقبال"),
    ("معطيات المستفيدة", "survivor_code", "رمز المستفيدة"),
    ("معطيات المستفيدة", "full_name", "الاسم الكامل"),
    ("معطيات المستفيدة", "cin", "رقم البطاقة الوطنية"),
    ("معطيات المستفيدة", "phone", "الهاتف"),
    ("معطيات المستفيدة", "safe_to_call", "الاتصال آمن؟"),
    ("معطيات المستفيدة", "age", "السن"),
    ("معطيات المستفيدة", "address", "العنوان"),
    ("معطيات المستفيدة", "commune", "الجماعة"),
    ("معطيات المستفيدة", "province", "الإقليم/العمالة"),
    ("معطيات المستفيدة", "milieu", "الوسط (حضري/قروي)"),
    ("معطيات المستفيدة", "marital_status", "الحالـة العائليـة"),
    ("معطيات المستفيدة", "children", "عدد الأبناء"),
    ("معطيات المستفيدة", "education", "المستوى الدراسي"),
    ("معطيات المستفيدة", "occupation", "المهنة"),
    ("معطيات حول العنف", "violence_types", "أشكال العنف"),
    ("معطيات حول العنف", "aggressor_relation", "علاقة المعتدي"),
    ("معطيات حول العنف", "violence_place", "مكان العنف"),
    ("معطيات حول العنف", "incident_date", "تاريخ الوقائع"),
    ("", "request", "الطلب"),
    ("", "service_given", "الخدمة المقدمة"),
    ("الإحالة", "referred_to", "الجهة المحال إليها"),
    ("الإحالة", "referral_date", "تاريخ الإحالة"),
    ("الإحالة", "urgency", "درجة الاستعجال"),
    ("الإحالة", "consent", "الموافقة"),
    ("الإحالة", "consent_date", "تاريخ الموافقة"),
    ("", "outcome", "المآل"),
    ("", "remarks", "ملاحظات"),
    ("", "worker", "المستمعة"),
)
GROUPS_ROW: Final = 4
FILL: Final = PatternFill("solid", fgColor="D9D2E9")


def arabic_register(path: Path, *, seed: int = 11, until: date | None = None, mark: str | None = None) -> None:
    """Write the register to `path`."""
    random = Random(seed)  # noqa: S311 — fiction
    until = until or date.today()
    association = Association(OWN, "YAS", random, until, mark)
    book = Workbook()
    book.remove(book.worksheets[0])
    cases = Hand(random, AR).rows(association.tell(COUNT))
    for number, (month, rows) in enumerate(groupby(cases, key=lambda row: _month(row[0].visited))):
        _write_month(book.create_sheet(month), [row for _, row in rows], random, repeat_header=number == 1)
    _number_in_advance(book.worksheets[-1], until.year)
    _add_lists(book)
    _add_summary(book)
    book.save(path)


def _month(day: date) -> str:
    return f"{MONTHS[AR][day.month - 1]} {day.year}"


def _write_month(sheet: Worksheet, rows: Sequence[dict[str, Value]], random: Random, *, repeat_header: bool) -> None:
    sheet.sheet_view.rightToLeft = True
    _write_header(sheet)
    for position, row in enumerate(rows):
        if position and position % 12 == 0:
            sheet.append([])  # a new week
        if repeat_header and position == 20:
            sheet.append([header for _, _, header in COLUMNS])  # a new page
        sheet.append([row.get(column) for _, column, _ in COLUMNS])
        if random.random() < 0.1:
            sheet.row_dimensions[sheet.max_row].hidden = True  # a filter that was left on
    totals: list[Value] = ["المجموع", len(rows)]
    sheet.append([*totals, *[None] * 11, sum(int(str(row["children"])) for row in rows)])


def _write_header(sheet: Worksheet) -> None:
    last = len(COLUMNS)
    for row, text in (
        (1, "جمعية ياسمين للدعم النفسي والاجتماعي"),
        (2, f"سجل استقبال النساء ضحايا العنف - شهر {sheet.title}"),
    ):
        sheet.cell(row, 1, text).font = Font(bold=True, size=14)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=last)
    column = 1
    for group, members in groupby(COLUMNS, key=lambda entry: entry[0] or entry[1]):
        width = len(headers := [header for _, _, header in members])
        below = GROUPS_ROW + 1
        if group in {entry[0] for entry in COLUMNS}:
            sheet.cell(GROUPS_ROW, column, group)
            sheet.merge_cells(
                start_row=GROUPS_ROW, end_row=GROUPS_ROW, start_column=column, end_column=column + width - 1
            )
            for offset, header in enumerate(headers):
                sheet.cell(below, column + offset, header)
        else:
            sheet.cell(GROUPS_ROW, column, headers[0])
            sheet.merge_cells(start_row=GROUPS_ROW, end_row=below, start_column=column, end_column=column)
        column += width
    for cells in sheet.iter_rows(GROUPS_ROW, GROUPS_ROW + 1, max_col=last):
        for cell in cells:
            cell.fill, cell.alignment = FILL, Alignment(horizontal="center", wrap_text=True)


def _number_in_advance(sheet: Worksheet, year: int) -> None:
    for number in range(COUNT + 1, COUNT + 6):
        sheet.append([f"{number}/{year}"])


def _add_lists(book: Workbook) -> None:
    """The lists behind the drop-down cells, on a sheet that nobody sees."""
    lists = book.create_sheet("لوائح", 1)
    lists.sheet_state = "hidden"
    lists.append(["أشكال العنف", "علاقة المعتدي", "الموافقة", "تاريخ الاستقبال"])
    lists.append(["جسدي", "الزوج", "نعم", "01/01/2020"])
    lists.append(["نفسي", "طليق", "لا", "02/01/2020"])


def _add_summary(book: Workbook) -> None:
    summary = book.create_sheet("حصيلة")
    summary.sheet_view.rightToLeft = True
    summary.append(["حصيلة الجمعية"])
    for line in (("جسدي", 41), ("نفسي", 38), ("اقتصادي", 20)):
        summary.append(line)
