"""What this door is called and what it asks of a connection. The meanings are keys of the text catalogue."""

from adapters import http_listener
from hub.ports import Manifest

MANIFEST = Manifest(
    name="commcare",
    title={
        "ar": "فضاء مشروع في كومكير (CommCare HQ)",
        "fr": "Espace de projet CommCare HQ",
        "en": "CommCare HQ project space",
    },
    settings={
        "url": "adapters.setting-commcare-url",
        "domain": "adapters.setting-commcare-domain",
        "user": "adapters.setting-commcare-user",
        "page_size": "adapters.setting-commcare-page-size",
        "survivor_type": "adapters.setting-commcare-survivor-type",
        "referral_type": "adapters.setting-commcare-referral-type",
        "send": "adapters.setting-commcare-send",
        "owner": "adapters.setting-commcare-owner",
        "zone": "adapters.setting-commcare-zone",
        **http_listener.SETTINGS,
        "folder": "adapters.setting-commcare-folder",
    },
    secrets={
        "key": "adapters.secret-commcare-key",
        "forward": "adapters.secret-commcare-forward",
        "spool": "adapters.secret-commcare-spool",
    },
    required=frozenset({"url", "domain", "user"}),
    types={"page_size": "integer", "send": "boolean"},
    kinds=("survivor", "referral"),
    capabilities=frozenset({"read", "http", "complete-scan", "hook"}),
)
