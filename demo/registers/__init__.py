"""What associations really have: registers and forms, fictional throughout, and as messy as the real ones.

Each writer is deterministic for a seed and a last day (`until`, today by default). With `mark`, every identifying value
carries a mark; `marks()` lists what to search for.
"""

from demo.registers.arabic import arabic_register
from demo.registers.big import big_register
from demo.registers.french import french_register
from demo.registers.gbvims import gbvims_workbook
from demo.registers.kobo import kobo_submissions
from demo.registers.people import MARK, marks

__all__ = ["MARK", "arabic_register", "big_register", "french_register", "gbvims_workbook", "kobo_submissions", "marks"]
