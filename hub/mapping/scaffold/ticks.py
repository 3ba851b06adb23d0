"""Columns that are ticked, one for each kind of violence, below a heading that says so or with headers that say it in full.

"Juridique" below "VIOLENCES" is no legal help, and "Psy." no support: what is ticked there is a kind of violence, or it is not
known what it is. The words are data (`mappings/lexicon.yaml`, `ticks`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from hub.mapping.scaffold.words import Words, plain

HERS: Final = frozenset({"violence", "her", "perpetrator", "relative"})
"""Of what a heading may speak besides violence, and still mean what was done to her."""

SHORTEST: Final = 3  # letters, of a word for violence that is cut: "agr." may be the aggressor


class Kinds:
    """What the columns for each kind are called. `groups`: the words of all headings, by what they speak of."""

    def __init__(self, said: Mapping[str, Any], words: Words, groups: Mapping[str, Collection[str]]) -> None:
        self._words = words
        self._heading = words.folded(said.get("heading", ()))
        self._beside = words.folded(said.get("beside", ()))
        self._initials = frozenset(map(str, said.get("initials", ())))
        self._kinds = {column: words.folded(texts) for column, texts in said.get("columns", {}).items()}
        self._others = frozenset[str]().union(*(one for role, one in groups.items() if role not in HERS))
        self.letters = {str(column): words.folded(one) for column, one in said.get("letters", {}).items()}
        self._never = frozenset(map(str, said.get("never", ())))

    def is_heading(self, group: str) -> bool:
        """Whether what stands below it is about the violence that was done to her, and about nothing else."""
        return self._speaks(group) and not self._speaks_of_others(group)

    def forbids(self, column: str) -> bool:
        """What no ticked column below such a heading is, unless it is called so in full: a service, a need, her sex."""
        return column in self._never

    def kind(self, group: str, headers: Sequence[str]) -> str:
        """The column for the kind of violence that a header says and nothing else; empty: none."""
        said = {self._kind(group, header) for header in headers}
        return said.pop() if len(said) == 1 else ""

    def kind_by_initial(self, headers: Sequence[str]) -> str:
        """The same for a header that begins with the first letter of the word for violence, whatever its heading: "V. psy.". It
        says so only beside others of other kinds."""
        said = {self._kind_without(min(self._heading, default=""), header) for header in headers}
        return said.pop() if len(said) == 1 else ""

    def kind_alone(self, headers: Sequence[str]) -> str:
        """The same for a header that says a kind and not of what: "Phy". It says so only in a row of such columns."""
        said = {self._kind(min(self._heading, default=""), header) for header in headers}
        return said.pop() if len(said) == 1 else ""

    def _kind_without(self, group: str, header: str) -> str:
        first = next(iter(self._words.of(header)), "")
        return self._kind(group, header) if first.rstrip(".") in self._initials else ""

    def says_in_full(self, header: str) -> bool:
        return self._speaks(header)

    def _kind(self, group: str, header: str) -> str:
        if self._speaks_of_others(group) or not (self._speaks(group) or self._speaks(header)):
            return ""
        *_, (carrying, _) = self._words.readings(header) or [((), False)]
        beside = self._beside | (self._initials if self._speaks(group) else frozenset())
        told = [word for word in carrying if word.rstrip(".") not in beside and not self._is_heading(word)]
        meant = [self._meant(word) for word in told]
        columns = frozenset[str].intersection(*meant) if meant else frozenset[str]()
        return next(iter(columns)) if len(columns) == 1 else ""

    def _meant(self, word: str) -> frozenset[str]:
        """The kinds of which this is the word, or what is left of it."""
        bare = word.rstrip(".")
        exactly = frozenset(column for column, known in self._kinds.items() if bare in known)
        if exactly or bare == word:
            return exactly
        return frozenset(
            column for column, known in self._kinds.items() if any(self._words.begins(bare, one) for one in known)
        )

    def _speaks(self, text: str) -> bool:
        return any(map(self._is_heading, self._words.of(text)))

    def _is_heading(self, word: str) -> bool:
        """Whether it is a word for violence, or what is left of one: "Viol. éco"."""
        bare = word.rstrip(".")
        cut = bare != word and len(bare) > SHORTEST
        return bare in self._heading or (cut and any(self._words.begins(bare, one) for one in self._heading))

    def _speaks_of_others(self, text: str) -> bool:
        return bool(self._others & frozenset(plain(self._words.of(text))))
