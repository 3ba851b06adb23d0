"""What this door is called and what it asks of a connection. The meanings are keys of the text catalogue.

A connection names `url` to read a directory, `output` to publish the hub's own, or both.
"""

from hub.ports import Manifest

MANIFEST = Manifest(
    name="hsds",
    title={
        "ar": "دليل خدمات بمعيار Open Referral HSDS 3",
        "fr": "Annuaire de services Open Referral HSDS 3",
        "en": "Open Referral HSDS 3 service directory",
    },
    settings={
        "url": "adapters.setting-hsds-url",
        "page_size": "adapters.setting-hsds-page-size",
        "shelter_codes": "adapters.setting-hsds-shelter-codes",
        "output": "adapters.setting-hsds-output",
    },
    writes_back=False,
    types={"page_size": "integer", "shelter_codes": "array"},
    kinds=("service",),
    capabilities=frozenset({"read", "http", "complete-scan"}),
)
