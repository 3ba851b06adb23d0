"""What this door is called and what it asks of a connection. The meanings are keys of the text catalogue."""

from adapters import http_listener
from hub.ports import Manifest

MANIFEST = Manifest(
    name="fhir",
    title={
        "ar": "خادم FHIR R4",
        "fr": "Serveur FHIR R4",
        "en": "FHIR R4 server",
    },
    settings={
        "url": "adapters.setting-fhir-url",
        "auth": "adapters.setting-fhir-auth",
        "user": "adapters.setting-fhir-user",
        "client_id": "adapters.setting-fhir-client-id",
        "token_url": "adapters.setting-fhir-token-url",
        "scope": "adapters.setting-fhir-scope",
        "search": "adapters.setting-fhir-search",
        "page_size": "adapters.setting-fhir-page-size",
        "overlap_seconds": "adapters.setting-fhir-overlap",
        "deletions": "adapters.setting-fhir-deletions",
        "send": "adapters.setting-fhir-send",
        "hub": "adapters.setting-fhir-hub",
        "owner": "adapters.setting-fhir-owner",
        "requester": "adapters.setting-fhir-requester",
        "system": "adapters.setting-fhir-system",
        "language": "adapters.setting-language",
        **http_listener.SETTINGS,
    },
    secrets={"credential": "adapters.secret-fhir-credential", **http_listener.SECRETS},
    required=frozenset({"url"}),
    types={
        "page_size": "integer",
        "overlap_seconds": "integer",
        "deletions": "boolean",
        "send": "boolean",
        "hub": "boolean",
    },
    kinds=("referral",),  # answers to referrals that were sent are steps of those, no records of their own
    capabilities=frozenset({"read", "hook", "http"}),
)
