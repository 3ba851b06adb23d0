"""Issues and the OperationOutcome that tells them: https://hl7.org/fhir/R4/operationoutcome.html."""

from fhir.resources.R4B.operationoutcome import OperationOutcome

from hub.fhir.issues import Issue, outcome


def test_an_outcome_names_the_problem_the_sentence_and_the_element() -> None:
    told = outcome([(Issue("error", "required", "mapping.element-missing", "Patient.gender", "Sexe"), "Manque.")])
    (issue,) = told["issue"]
    assert issue["expression"] == ["Patient.gender"]
    assert issue["diagnostics"] == "Manque."
    assert issue["details"]["coding"][0]["code"] == "mapping.element-missing"
    OperationOutcome.model_validate(told)


def test_only_errors_block() -> None:
    severities = ("fatal", "error", "warning", "information")
    assert [Issue(severity, "value", "x").blocks for severity in severities] == [True, True, False, False]
