"""Writing a Parameters resource: https://hl7.org/fhir/R4/parameters.html"""

from hub.fhir import Resource


def parameters(*listed: Resource | None) -> Resource:
    """The answer of an operation; None is left out."""
    return {"resourceType": "Parameters", "parameter": [one for one in listed if one is not None]}


def said(name: str, type_: str, value: object) -> Resource | None:
    """One parameter: `said("result", "Boolean", True)`; None where there is no value."""
    return None if value in {None, ""} else {"name": name, f"value{type_}": value}


def parts(name: str, *listed: Resource | None) -> Resource:
    return {"name": name, "part": [one for one in listed if one is not None]}
