"""What a survey tool adds to every record and no person answered: its own numbers, clocks and machines; and files.

https://xlsform.org/en/#metadata, https://docs.getodk.org/central-submissions/,
https://support.kobotoolbox.org/export_download.html, https://dimagi.atlassian.net/wiki/spaces/commcarepublic/overview
"""

import re
from typing import Final

from hub.mapping.scaffold.table import Question

_FILES: Final = frozenset({"image", "audio", "video", "file", "geopoint", "geotrace", "geoshape"})
_ADDED: Final = frozenset(
    {
        *("start", "end", "today", "deviceid", "simserial", "subscriberid", "username", "instanceid", "instancename"),
        *(
            "submissiondate",
            "submissiontime",
            "submitterid",
            "submittername",
            "attachmentspresent",
            "attachmentsexpected",
        ),
        *(
            "reviewstate",
            "formversion",
            "formid",
            "formlink",
            "xmlns",
            "receivedon",
            "hquser",
            "appversion",
            "startedtime",
        ),
        *(
            "completedtime",
            "lastmodified",
            "lastmodifieddate",
            "lastmodifiedbyuserusername",
            "audit",
            "key",
            "parentkey",
        ),
        *("userid", "caseid", "timestart", "timeend", "geolocation", "uuid", "version"),
    }
)
_TOLD: Final = re.compile(r"^(_|meta[/.]|formhub/|form\.(meta|case)\.|info\.|set-of-)|/(meta|formhub)/", re.IGNORECASE)
_STEPS: Final = re.compile(r"[/.]")
_NOT_LETTERS: Final = re.compile(r"[^a-z]")


def is_left_out(question: Question) -> bool:
    if question.kind:
        return question.kind in _FILES
    header = question.header.strip()
    last = _STEPS.split(header)[-1]
    return bool(_TOLD.search(header)) or (" " not in last and _NOT_LETTERS.sub("", last.lower()) in _ADDED)
