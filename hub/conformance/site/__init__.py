"""The contract as pages for people: static HTML in Arabic, French and English, made from the same definitions as the package.

Nothing is loaded from elsewhere and no script runs, so the folder can be read from a disk or put on any web server.
"""

from hub.conformance.site.pages import pages

__all__ = ["pages"]
