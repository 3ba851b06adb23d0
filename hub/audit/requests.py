"""What an AuditEvent says of the request that it tells of: its id, and of one that was refused its route. Never its URL.

BALP's entity `transaction`: https://profiles.ihe.net/ITI/BALP/StructureDefinition-IHE.BasicAudit.Read.html
"""

from typing import Final

from hub.audit.events import HUB, data_entity
from hub.fhir import Resource

_KINDS: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"


def request_entity(id_: str) -> list[Resource]:
    """By the id that is in its answer; of what no request asked for, nothing."""
    kind = {"system": _KINDS, "code": "XrequestId"}
    return [{"what": {"identifier": {"value": id_}}, "type": kind}] if id_ else []


def refused_entity(route: str, lacking: str, times: int) -> Resource:
    """What of the hub was asked for. `route`: the rule that matched; `lacking`: the scope that would have allowed it; `times`:
    the how-manieth refusal this is."""
    said = {"route": route, "scope": lacking, "times": str(times)}
    return {
        **data_entity(HUB),
        "detail": [{"type": name, "valueString": value} for name, value in said.items() if value],
    }
