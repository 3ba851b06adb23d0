"""What this door is called and what it asks of a connection. The meanings are keys of the texts beside it."""

from hub.ports import Manifest

MANIFEST = Manifest(
    name="dhis2",
    title={
        "ar": "مجموعة بيانات في DHIS2",
        "fr": "Ensemble de données DHIS2",
        "en": "DHIS2 data set",
    },
    settings={
        "url": "dhis2.setting-url",
        "data_set": "dhis2.setting-data-set",
        "org_unit": "dhis2.setting-org-unit",
        "complete": "dhis2.setting-complete",
        "program": "dhis2.setting-program",
        "program_stage": "dhis2.setting-program-stage",
    },
    secrets={"token": "dhis2.secret-token"},
    required=frozenset({"url", "data_set", "org_unit"}),
    types={"complete": "boolean"},
    writes_back=False,
    capabilities=frozenset({"http", "report"}),
)
