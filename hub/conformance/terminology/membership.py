"""validate-code: whether a code is in a value set or code system, and whether its display is its own.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html · https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
Of a CodeableConcept one coding is enough. A display is compared as a reader would: case and accents do not matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.conformance.terminology.known import Coding, label, primary, some
from hub.conformance.terminology.parameters import parameters, said
from hub.fhir import Resource
from hub.fhir.definitions import CodeSystem, Concept, Definitions, ValueSet
from hub.fhir.folding import fold
from hub.texts import say


@dataclass(frozen=True)
class Speech:
    """`display`: the language of labels, where the caller named one. `sentences`: that of messages."""

    display: str | None = None
    sentences: str = "en"


@dataclass(frozen=True)
class Finding:
    result: bool
    message: str | None = None
    display: str | None = None

    def written(self) -> Resource:
        return parameters(
            said("result", "Boolean", self.result),
            said("message", "String", self.message),
            said("display", "String", self.display),
        )


def validate_in_value_set(
    definitions: Definitions, value_set: ValueSet, codings: Sequence[Coding], speech: Speech
) -> Resource:
    """Parameters: result, message, display."""
    systems = {system.url: system for system in definitions.code_systems()}

    def check(coding: Coding) -> Finding:
        listed = value_set.systems.get(coding.system)
        if listed is None:
            return _no("system-not-in-value-set", speech, systems=some(value_set.systems))
        if coding.code not in listed:
            return _no("code-not-in-value-set", speech, known=some(listed))
        known = systems.get(coding.system)
        return _labelled(coding, known.codes.get(coding.code) if known else None, speech)

    return _best(codings, check, speech).written()


def validate_in_code_system(system: CodeSystem, codings: Sequence[Coding], speech: Speech) -> Resource:
    """Parameters: result, message, display. A code that a fragment does not list may still be right."""

    def check(coding: Coding) -> Finding:
        if coding.system != system.url:
            return _no("wrong-system", speech, system=system.url)
        if system.contains(coding.code):
            return _labelled(coding, system.codes[coding.code], speech)
        if not system.complete:
            return Finding(True, say("terminology.code-not-listed", speech.sentences))
        return _no("code-unknown", speech, known=some(system.codes))

    return _best(codings, check, speech).written()


def _best(codings: Sequence[Coding], check: Callable[[Coding], Finding], speech: Speech) -> Finding:
    """The first coding that passes; or else what is wrong with each, in one message."""
    findings = [check(coding) for coding in codings]
    if not findings:
        return _no("no-coding", speech)
    passed = next((finding for finding in findings if finding.result), None)
    if passed:
        return passed
    messages = dict.fromkeys(finding.message for finding in findings if finding.message)
    display = next((finding.display for finding in findings if finding.display), None)
    return Finding(False, " ".join(messages), display)


def _labelled(coding: Coding, concept: Concept | None, speech: Speech) -> Finding:
    """The code is right; is the display?"""
    if concept is None:
        unchecked = say("terminology.display-unchecked", speech.sentences) if coding.display is not None else None
        return Finding(True, unchecked)
    display = label(concept, speech.display)
    accepted = _accepted(concept, speech.display)
    if coding.display is None or fold(coding.display) in map(fold, accepted):
        return Finding(True, None, display)
    return Finding(False, say("terminology.display-wrong", speech.sentences, labels=" / ".join(accepted)), display)


def _accepted(concept: Concept, language: str | None) -> tuple[str, ...]:
    """The labels of the language that was asked for; where the concept has none of it, or none was asked for, all."""
    own = concept.designations.get(primary(language))
    return (own,) if own else tuple(dict.fromkeys((concept.display, *concept.designations.values())))


def _no(sentence: str, speech: Speech, **blanks: str) -> Finding:
    return Finding(False, say(f"terminology.{sentence}", speech.sentences, **blanks))
