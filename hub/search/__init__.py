"""Search: what a resource can be found by (`index`), the query tree of a FHIR search string (`parse`), whether the one would
find the other (`meets`), and the data classes that a query reads (`classes`). No I/O.

https://hl7.org/fhir/R4/search.html
"""

from hub.search.classes import classes
from hub.search.indexing import index
from hub.search.meeting import Unstored, meets
from hub.search.parsing import parse
from hub.search.sealed import is_clear, is_sealed, sealed_in

__all__ = ["Unstored", "classes", "index", "is_clear", "is_sealed", "meets", "parse", "sealed_in"]
