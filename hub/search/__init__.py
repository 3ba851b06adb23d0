"""Search: what a resource can be found by (`index`), the query tree of a FHIR search string (`parse`), and the data
classes that a query reads (`classes`). No I/O.

https://hl7.org/fhir/R4/search.html
"""

from hub.search.classes import classes
from hub.search.indexing import index
from hub.search.parsing import parse

__all__ = ["classes", "index", "parse"]
