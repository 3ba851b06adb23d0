"""What this door is called and what it asks of a connection. The meanings are in `texts.yaml`."""

from hub.ports import Manifest

MANIFEST = Manifest(
    name="odk",
    title={
        "ar": "استمارة في أو دي كي سنترال (ODK Central)",
        "fr": "Formulaire ODK Central",
        "en": "ODK Central form",
    },
    settings={
        "url": "odk.setting-url",
        "project": "odk.setting-project",
        "form": "odk.setting-form",
        "auth": "odk.setting-auth",
        "page_size": "odk.setting-page-size",
        "only_approved": "odk.setting-only-approved",
        "entity_list": "odk.setting-entity-list",
        "entity_question": "odk.setting-entity-question",
    },
    secrets={"email": "odk.secret-email", "password": "odk.secret-password"},
    required=frozenset({"url", "project", "form"}),
    types={"project": "integer", "page_size": "integer", "only_approved": "boolean"},
    kinds=("submission",),
    capabilities=frozenset({"read", "http"}),
)
