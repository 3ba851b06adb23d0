"""What kind of answer a header asks for: "Where was she born?" asks for a place, "N° PV" for a number.

By the word that asks (`asks` of `mappings/lexicon.yaml`), in each language and alphabet of the header: a column of
another kind is not meant, however many words the two share. Where two words ask ("date and place"), either may be meant.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.fhir.folding import fold
from hub.mapping.scaffold.sentences import Pattern, pattern, spaced


class Asks:
    """`said`: kind → `words`, as in sentences, and the `columns` that hold such an answer."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._kinds: list[tuple[list[Pattern], frozenset[str]]] = [
            (
                [pattern(str(word), one.get("never", ())) for word in one["words"]],
                frozenset(map(str, one.get("columns", ()))),
            )
            for one in said.values()
        ]
        self._found: dict[tuple[str, ...], frozenset[str] | None] = {}

    def answered_by(self, parts: Iterable[str]) -> frozenset[str] | None:
        """The columns that can answer what one of these parts of a header asks for; None where nothing is asked."""
        texts = tuple(parts)
        if texts not in self._found:
            self._found[texts] = self._answered_by([spaced(fold(text)) for text in texts])
        return self._found[texts]

    def _answered_by(self, texts: list[str]) -> frozenset[str] | None:
        asked = [
            columns for wanted, columns in self._kinds if any(one.is_met(text) for one in wanted for text in texts)
        ]
        return frozenset().union(*asked) if asked else None


__all__ = ["Asks"]
