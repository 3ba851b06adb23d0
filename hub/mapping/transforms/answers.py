"""Yes and no in the field's words, and the third answer: she declines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from hub.fhir.folding import fold
from hub.mapping.model import Context, Reading, Trouble
from hub.mapping.transforms.whole import Whole

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "yes": ("oui", "o", "yes", "y", "true", "1", "نعم", "x", "×", "✓", "✔", "☑", "✅", "ok"),
    "no": ("non", "n", "no", "false", "0", "لا", "كلا", "✗", "✘", "❌", "☐"),
    "declined": (),
}
LABELS: Final = {
    "fr": {"yes": "oui", "no": "non", "declined": "refuse"},
    "ar": {"yes": "نعم", "no": "لا", "declined": "ترفض"},
    "en": {"yes": "yes", "no": "no", "declined": "declines"},
}


@dataclass(frozen=True)
class Answer(Whole):
    """`yes`, `no` or `declined`. Written back: the language's own word, or the first of the mapping's where they lack it."""

    language: str = "en"
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def _known(self) -> dict[str, str]:
        own: dict[str, str] = {}
        for answer, words in self.words.items():
            for word in words:
                own.setdefault(fold(str(word)), str(answer))
        labels = {fold(label): answer for answer, label in LABELS.get(self.language, LABELS["en"]).items()}
        return {fold(word): answer for answer, words in WORDS.items() for word in words} | labels | own

    def forward(self, text: str, context: Context) -> Reading:
        answer = self._known.get(fold(text))
        if answer is None:
            return Reading(None, Trouble("mapping.answer-unknown", {"known": self._labels()}, text))
        return Reading(answer)

    def back(self, value: Any) -> str:
        label, own = LABELS.get(self.language, LABELS["en"])[value], self.words.get(value) or ()
        return label if not own or label in own else own[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """What may be answered, in the mapping's language; that she declines, where it has words for it."""
        answers = ("yes", "no", *(["declined"] if self.words.get("declined") else []))
        return tuple(LABELS.get(self.language, LABELS["en"])[answer] for answer in answers)

    def _labels(self) -> str:
        return ", ".join(self.labels[:2])


@dataclass(frozen=True)
class Boolean(Answer):
    """The same words as a FHIR boolean. A refusal is a no. `unclear`: what an answer counts as that no list knows, and somebody
    is told; a no and nothing else."""

    unclear: str = ""

    def forward(self, text: str, context: Context) -> Reading:
        reading = super().forward(text, context)
        if reading.value is None and self.unclear:
            return Reading(False, Trouble("mapping.answer-unclear", {"known": self._labels()}, text, warns=True))
        return reading if reading.value is None else Reading(reading.value == "yes")

    def back(self, value: Any) -> str:
        return super().back("yes" if value else "no")
