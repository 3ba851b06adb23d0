"""What is wrong with a resource, and the OperationOutcome that says so.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from hub.fhir import Resource
from hub.fhir.canonicals import code_system

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True)
class Issue:
    """One finding. `text` is a key of the text catalogue, `params` its blanks: never a value that identifies anyone."""

    severity: Severity
    code: str  # http://hl7.org/fhir/ValueSet/issue-type
    text: str
    path: str = ""  # FHIRPath of the element
    column: str = ""  # column or question of the source, where there is one
    params: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        return self.severity in {"fatal", "error"}


def outcome(issues: Iterable[tuple[Issue, str]]) -> Resource:
    """An OperationOutcome of issues, each with the sentence that a person will read."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": issue.severity,
                "code": issue.code,
                "details": {"coding": [{"system": code_system("problem"), "code": issue.text}]},
                "diagnostics": sentence,
                **({"expression": [issue.path]} if issue.path else {}),
            }
            for issue, sentence in issues
        ],
    }
