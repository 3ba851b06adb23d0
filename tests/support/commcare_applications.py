"""Applications of a project space, as the Application Structure API tells them, with invented questions.

https://github.com/dimagi/commcare-hq/blob/master/docs/api/application-structure.rst
"""

from typing import Any, Final


def question(path: str, kind: str = "Text", options: tuple[dict[str, Any], ...] = (), **labels: str) -> dict[str, Any]:
    """`labels`: by language."""
    said = {"label": next(iter(labels.values()), ""), "translations": labels, "type": kind, "tag": "input"}
    return {**said, "repeat": None, "value": path} | ({"options": list(options)} if options else {})


def option(value: str, **labels: str) -> dict[str, Any]:
    return {"label": next(iter(labels.values()), value), "translations": labels, "value": value}


VIOLENCE: Final = (option("v1", fr="Physique", ar="جسدي"), option("v2", fr="Psychologique", ar="نفسي"))
INTAKE: Final[dict[str, Any]] = {
    "id": "an-application",
    "name": "Accueil",
    "version": 16,
    "case_types": {"survivor": ["case_name", "age", "parent/name"]},
    "modules": [
        {
            "case_type": "survivor",
            "case_properties": ["age", "violence_types", "never_asked"],
            "forms": [
                {
                    "name": {"fr": "Accueil"},
                    "questions": [
                        question("/data/age", "Int", fr="Âge", ar="السن"),
                        question(
                            "/data/faits/violence_types", "MSelect", VIOLENCE, fr="Types de violence", ar="أنواع العنف"
                        ),
                        question("/data/kept_in_the_form", fr="Remarque"),
                    ],
                }
            ],
        },
        {
            "case_type": "referral",
            "case_properties": ["service"],
            "forms": [
                {"questions": [question("/data/service", "Select", (option("medical", fr="Médical"),), fr="Service")]}
            ],
        },
        {"case_type": "household", "case_properties": ["roof"], "forms": []},
    ],
}
