"""What this door is called and what it asks of a connection. The meanings are keys of the text catalogue."""

from hub.ports import Manifest

MANIFEST = Manifest(
    name="hl7v2",
    title={
        "ar": "نظام مستشفى يرسل HL7 v2 عبر MLLP",
        "fr": "Système hospitalier en HL7 v2 sur MLLP",
        "en": "Hospital system in HL7 v2 over MLLP",
    },
    settings={
        "listen": "adapters.setting-hl7v2-listen",
        "send": "adapters.setting-hl7v2-send",
        "our_name": "adapters.setting-hl7v2-our-name",
        "their_name": "adapters.setting-hl7v2-their-name",
        "senders": "adapters.setting-hl7v2-senders",
        "certificate": "adapters.setting-hl7v2-certificate",
        "key": "adapters.setting-hl7v2-key",
        "client_ca": "adapters.setting-hl7v2-client-ca",
        "server_ca": "adapters.setting-hl7v2-server-ca",
        "folder": "adapters.setting-hl7v2-folder",
        "keep_days": "adapters.setting-hl7v2-keep-days",
        "processing": "adapters.setting-hl7v2-processing",
        "charset": "adapters.setting-hl7v2-charset",
        "zone": "adapters.setting-hl7v2-zone",
        "version": "adapters.setting-hl7v2-version",
        "authority": "adapters.setting-hl7v2-authority",
        "largest_bytes": "adapters.setting-hl7v2-largest",
        "idle_seconds": "adapters.setting-hl7v2-idle",
        "language": "adapters.setting-language",
    },
    secrets={"spool": "adapters.secret-hl7v2-spool"},
    types={"senders": "array", "largest_bytes": "integer", "idle_seconds": "integer", "keep_days": "integer"},
    kinds=("referral",),  # answers and visits are steps of a referral, no records of their own
    capabilities=frozenset({"read", "hook"}),
)
