"""The catalogue of problems: each declared once, with a stable code, an HTTP status and a FHIR issue type.

The sentence that helps is in `hub/texts/problems.yaml` under the same code. No personal data goes into either.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A promise that could not be kept. `issue`: https://hl7.org/fhir/R4/valueset-issue-type.html"""

    code: str
    status: int
    issue: str

    @property
    def text(self) -> str:
        return f"problems.{self.code}"


NOT_FOUND = Problem("not-found", 404, "not-found")
GONE = Problem("gone", 410, "deleted")
EXPORT_VOID = Problem("export-void", 410, "deleted")
UNKNOWN_TYPE = Problem("unknown-type", 404, "not-supported")
UNKNOWN_OPERATION = Problem("unknown-operation", 404, "not-supported")
NOT_SUPPORTED = Problem("not-supported", 405, "not-supported")
NOT_ACCEPTABLE = Problem("not-acceptable", 406, "not-supported")
UNSUPPORTED_MEDIA = Problem("unsupported-media", 415, "not-supported")
TOO_LARGE = Problem("too-large", 413, "too-long")
UNREADABLE_REGISTER = Problem("unreadable-register", 422, "structure")
NOT_JSON = Problem("not-json", 400, "structure")
BAD_BUNDLE = Problem("bad-bundle", 400, "structure")
NO_ONE_MATCH = Problem("no-one-match", 412, "not-found")
WRONG_ID = Problem("wrong-id", 400, "value")
BAD_PARAMETER = Problem("bad-parameter", 400, "value")
UNKNOWN_PARAMETER = Problem("unknown-parameter", 400, "not-supported")
MATCH_REQUIRED = Problem("match-required", 400, "required")
STALE = Problem("stale", 412, "conflict")
SEVERAL = Problem("several", 412, "multiple-matches")
NO_CONDITION = Problem("no-condition", 400, "required")
REFERRED_TO = Problem("referred-to", 409, "conflict")
CONFLICT = Problem("conflict", 409, "conflict")
INVALID = Problem("invalid", 422, "invalid")
ILLEGAL_TRANSITION = Problem("illegal-transition", 422, "business-rule")
IMMUTABLE = Problem("immutable", 422, "business-rule")
ILLEGAL_REPLACEMENT = Problem("illegal-replacement", 422, "business-rule")
OUT_OF_TURN = Problem("out-of-turn", 422, "business-rule")
TO_ONESELF = Problem("to-oneself", 422, "business-rule")
ASKED_ALREADY = Problem("asked-already", 409, "duplicate")
MISSING_REASON = Problem("missing-reason", 422, "business-rule")
MISSING_OUTCOME = Problem("missing-outcome", 422, "business-rule")
BAD_PATCH = Problem("bad-patch", 400, "structure")
PATCH_FAILED = Problem("patch-failed", 422, "processing")
LABEL_BY_RULE = Problem("label-by-rule", 422, "business-rule")
HUB_GIVEN = Problem("hub-given", 422, "business-rule")
SUBSETTED = Problem("subsetted", 422, "business-rule")
SUBSCRIPTION_REFUSED = Problem("subscription-refused", 422, "not-supported")
UNKNOWN_REFERENCE = Problem("unknown-reference", 422, "not-found")
NOT_YOURS = Problem("not-yours", 403, "forbidden")
REPORT_NOT_YOURS = Problem("report-not-yours", 403, "forbidden")
SELF_AUTHORISED = Problem("self-authorised", 403, "forbidden")
SCOPE_LACKING = Problem("scope-lacking", 403, "forbidden")
PURPOSE_LACKING = Problem("purpose-lacking", 403, "forbidden")
NO_OVERRIDE = Problem("no-override", 403, "forbidden")
TOO_OFTEN = Problem("too-often", 429, "throttled")
LOGIN = Problem("login", 401, "login")
UNKNOWN_CANONICAL = Problem("unknown-canonical", 404, "not-found")
UNKNOWN_CODE = Problem("unknown-code", 404, "code-invalid")
ONE_OF_REQUIRED = Problem("one-of-required", 400, "required")
UNKNOWN_SCHEMA = Problem("unknown-schema", 404, "not-found")
TOO_COSTLY = Problem("too-costly", 422, "too-costly")
TOO_COSTLY_CHAIN = Problem("too-costly-chain", 422, "too-costly")
TOO_COSTLY_INCLUDE = Problem("too-costly-include", 422, "too-costly")
UNAVAILABLE = Problem("unavailable", 503, "transient")
SEALED_SEARCH = Problem("sealed-search", 400, "not-supported")
KEY_UNREADABLE = Problem("key-unreadable", 503, "security")
BROKEN = Problem("broken", 500, "exception")
NO_DEPLOYMENT = Problem("no-deployment", 500, "not-found")
BAD_FILE = Problem("bad-file", 500, "structure")
SECRET_MISSING = Problem("secret-missing", 500, "security")
UNKNOWN_CONNECTION = Problem("unknown-connection", 500, "not-found")
UNKNOWN_ADAPTER = Problem("unknown-adapter", 500, "not-found")
UNKNOWN_MAPPING = Problem("unknown-mapping", 500, "not-found")
UNKNOWN_ORGANIZATION = Problem("unknown-organization", 500, "not-found")
MISCONFIGURED = Problem("misconfigured", 500, "exception")


class HubError(Exception):
    """A problem met. `params` fill the blanks of its sentence; `path` names the element, `place` a file and line.

    `text` is the key of a more exact sentence than the problem's own, where there is one.
    """

    def __init__(self, problem: Problem, *, path: str = "", place: str = "", text: str = "", **params: str) -> None:
        super().__init__(problem.code if not place else f"{problem.code} at {place}")
        self.problem = problem
        self.text = text or problem.text
        self.path = path
        self.place = place
        self.params = params


class Conflict(HubError):  # noqa: N818 — the field's word
    """Somebody else changed what this change was computed from. Compute it again, or tell the caller."""

    def __init__(self) -> None:
        super().__init__(CONFLICT)


class AdapterError(Exception):
    """What went wrong in a door. `text` is a key of the text catalogue; no value of a record stands in `params`."""

    def __init__(self, text: str, **params: str) -> None:
        super().__init__(text)
        self.text = text
        self.params = params


class Fatal(AdapterError):  # noqa: N818
    """Stop this connection: credentials refused, file unreadable. A person must act."""


class Retriable(AdapterError):  # noqa: N818
    """Wait and try again, after `after` seconds where the tool said so."""

    def __init__(self, text: str, after: float | None = None, **params: str) -> None:
        super().__init__(text, **params)
        self.after = after
