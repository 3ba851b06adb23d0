"""What this door is called and what it asks of a connection. The meanings are keys of the text catalogue."""

from adapters import http_listener
from hub.ports import Manifest

MANIFEST = Manifest(
    name="primero",
    title={
        "ar": "الحالات في بريميرو (Primero v2 / GBVIMS+)",
        "fr": "Dossiers Primero v2 / GBVIMS+",
        "en": "Primero v2 / GBVIMS+ cases",
    },
    settings={
        "url": "adapters.primero-setting-url",
        "module": "adapters.primero-setting-module",
        "auth": "adapters.primero-setting-auth",
        "user": "adapters.primero-setting-user",
        "agency": "adapters.primero-setting-agency",
        "page_size": "adapters.primero-setting-page-size",
        "send": "adapters.primero-setting-send",
        "refer_to": "adapters.primero-setting-refer-to",
        "refer_role": "adapters.primero-setting-refer-role",
        **http_listener.SETTINGS,
    },
    secrets={"password": "adapters.primero-secret-password", **http_listener.SECRETS},
    required=frozenset({"url"}),
    types={"page_size": "integer", "send": "boolean"},
    kinds=("case",),  # answers to referrals that were sent are steps of those, no records of their own
    capabilities=frozenset({"read", "hook", "http"}),
)
