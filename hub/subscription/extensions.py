"""The names of the backport: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/artifacts.html (pure)."""

from typing import Final

_DEFINED: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"

FILTER: Final = f"{_DEFINED}/backport-filter-criteria"
CONTENT: Final = f"{_DEFINED}/backport-payload-content"
HEARTBEAT: Final = f"{_DEFINED}/backport-heartbeat-period"
TIMEOUT: Final = f"{_DEFINED}/backport-timeout"
MOST: Final = f"{_DEFINED}/backport-max-count"
ANNOUNCED: Final = f"{_DEFINED}/capabilitystatement-subscriptiontopic-canonical"

SUBSCRIPTION: Final = f"{_DEFINED}/backport-subscription"
NOTIFICATION: Final = f"{_DEFINED}/backport-subscription-notification-r4"
STATUS: Final = f"{_DEFINED}/backport-subscription-status-r4"
