"""That a period is reported whole, where the connection asks for it: DHIS2 counts who has reported by this alone.

https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/data.html#webapi_complete_data_set_registrations. Saying
it again changes nothing but its date.
"""

from collections.abc import Mapping
from typing import Final

from adapters.dhis2 import summary
from adapters.dhis2.client import Dhis2
from hub.fhir.issues import Issue
from hub.ports import Connection

SETTING: Final = "complete"


def complete(connection: Connection, head: Mapping[str, str], dhis2: Dhis2, *, dry_run: bool) -> tuple[Issue, ...]:
    """What DHIS2 would not take; nothing where nobody asked."""
    if connection.settings.get(SETTING) is not True:
        return ()
    told = {
        "dataSet": head["dataSet"],
        "organisationUnit": head["orgUnit"],
        "period": head["period"],
        "completed": True,
    }
    made = summary.read(dhis2.complete(told, dry_run=dry_run), ())
    if not made.issues and not made.ignored:
        return ()
    codes = sorted({one.params["code"] for one in made.issues if one.params.get("code", "-") != "-"})
    return (Issue("error", "incomplete", "dhis2.not-completed", params={"code": ", ".join(codes) or "-"}),)
