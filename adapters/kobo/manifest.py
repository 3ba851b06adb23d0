"""What this door is called and what it asks of a connection. The meanings are keys of the text catalogue."""

from adapters import http_listener
from hub.ports import Manifest

MANIFEST = Manifest(
    name="kobo",
    title={
        "ar": "مشروع في كوبو تولبوكس (KoboToolbox)",
        "fr": "Projet KoboToolbox",
        "en": "KoboToolbox project",
    },
    settings={
        "url": "adapters.setting-url",
        "asset": "adapters.setting-asset",
        "page_size": "adapters.setting-page-size",
        "only_validated": "adapters.setting-only-validated",
        **http_listener.SETTINGS,
    },
    secrets={"token": "adapters.secret-token", **http_listener.SECRETS},
    required=frozenset({"url", "asset"}),
    types={"page_size": "integer", "only_validated": "boolean"},
    kinds=("submission",),
    tells_one=True,
    capabilities=frozenset({"read", "hook", "http", "complete-scan"}),
)
