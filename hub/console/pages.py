"""A page: its template in the reader's language, and the headers that every page has.

https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html · https://www.w3.org/International/questions/qa-html-dir
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

import jinja2
from flask import Response, g, request, session
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf
from werkzeug.exceptions import HTTPException
from wtforms.validators import ValidationError

from hub import errors, texts
from hub.accounts import Account
from hub.console.desk import HELD
from hub.console.held import hear_out
from hub.errors import HubError
from hub.exchange.upload import LARGEST, Door
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO
from hub.oauth import scopes
from hub.oauth.handing_over import may_hand_over
from hub.oauth.introspection import ACT_REASON
from hub.oauth.limits import TooMany

RIGHT_TO_LEFT: Final = frozenset({"ar"})
NAMES: Final = {"ar": "العربية", "fr": "Français", "en": "English"}
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
LARGEST_FORM: Final = 64 * 1024
WITH_A_FILE: Final = LARGEST + LARGEST_FORM
_FILES: Final = frozenset({"console.import_register"})
_NOWHERE: Final = "console.no_such_page"
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_BLANKS: Final = dict.fromkeys(("element", "expected", "status", "allowed", "type", "known", "limit"), "-")
"""What a sentence says where a problem was raised with less than it asks for."""
_HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def begin() -> None:
    """Before every page: a form that is sent is one that we showed to this browser. Raises CSRFError."""
    request.max_content_length = WITH_A_FILE if request.endpoint in _FILES and HELD in session else LARGEST_FORM
    if (asked := request.args.get("lang")) in texts.LANGUAGES:
        session["language"] = asked
    if request.method == "POST" and request.endpoint != _NOWHERE:
        try:
            validate_csrf(request.form.get("csrf_token"))
        except ValidationError:
            raise CSRFError from None


def finish(answer: Response) -> Response:
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers["Content-Security-Policy"] = f"{_POLICY} {g.get('form_goes_to', '')}".strip()
    return answer


def allow_form_to(origin: str) -> None:
    """Browsers hold the redirect after a form to the policy of its page, too."""
    g.form_goes_to = origin


def language() -> str:
    chosen = str(session.get("language", ""))
    return chosen if chosen in texts.LANGUAGES else texts.choose_language(request.headers.get("Accept-Language"))


def say(key: str, **blanks: object) -> str:
    return _said(f"console.{key}", blanks)


def tell(key: str, **blanks: object) -> str:
    """A sentence of the pages about referrals."""
    return _said(f"referrals.{key}", blanks)


def _said(key: str, blanks: Mapping[str, object]) -> str:
    marked = {name: isolate(blank) if isinstance(blank, str) else blank for name, blank in blanks.items()}
    return texts.say(key, language(), **marked)


def isolate(blank: str) -> str:
    """A name inside a sentence keeps its own direction (https://www.w3.org/International/questions/qa-bidi-unicode-controls)."""
    return f"\u2068{blank}\u2069"


def sorry(key: str, status: int, back: str = "") -> Response:
    """A page that only says something; of the address that led to it nothing is repeated. `back`: where she begins again."""
    return show("sorry.html", status=status, title=say(f"{key}-title"), text=say(key), back=back, plain=True)


def show(template: str, *, status: int = 200, plain: bool = False, **given: Any) -> Response:
    """`wrong`: what is wrong, by the name of the field. `plain`: links to other languages are without the query. They are
    relative, so that no page repeats the address that led to it."""
    spoken = language()
    given.setdefault("wrong", {})
    page = _template(template).render(
        language=spoken,
        direction="rtl" if spoken in RIGHT_TO_LEFT else "ltr",
        languages=[(code, name, _here(code, plain)) for code, name in NAMES.items()],
        say=say,
        tell=tell,
        isolate=isolate,
        sees_referrals=sees_referrals,
        sees_survivors=sees_survivors,
        may_hand_over=may_hand_over,
        day=day,
        purpose=purpose,
        csrf_token=generate_csrf,
        here=request.full_path.rstrip("?"),
        **given,
    )
    return Response(page, status, content_type="text/html; charset=utf-8")


def _here(code: str, plain: bool) -> str:
    query = {} if plain else request.args.to_dict()
    return f"?{urlencode({**query, 'lang': code})}"


def purpose(code: str) -> str:
    """A purpose of use in words."""
    concept = load().code_system(ACT_REASON).codes.get(code)
    return concept.label(language()) if concept else code


def role(code: str, url: str) -> str:
    concept = load().code_system(url).codes.get(code)
    return concept.label(language()) if concept else code


def connection(door: Door) -> str:
    """By the form that it reads, and by its own name."""
    title = door.mapping.title.get(language(), "")
    return f"{isolate(title)} · {isolate(door.connection.id)}" if title else door.connection.id


def sees_referrals(account: Account) -> bool:
    return scopes.permits(account.scopes, "Task", "search")


def sees_survivors(account: Account) -> bool:
    return scopes.permits(account.scopes, "Patient", "search")


def day(at: datetime) -> str:
    return at.astimezone(MOROCCO).strftime("%d/%m/%Y %H:%M")


def date(at: datetime) -> str:
    return at.astimezone(MOROCCO).strftime("%d/%m/%Y")


def style() -> Response:
    answer = Response(_style(), content_type="text/css; charset=utf-8")
    answer.headers["Cache-Control"] = "max-age=3600"
    return answer


# --- what went wrong ----------------------------------------------------------------------------------------------------


def stale(_: CSRFError) -> Response:
    return sorry("stale", 400)


def too_many(refused: TooMany) -> Response:
    answer = sorry("too-many", 429)
    answer.headers["Retry-After"] = str(refused.wait)
    return answer


def problem(found: HubError) -> Response:
    if found.problem is errors.CONFLICT:
        return sorry("changed-meanwhile", 409)
    if found.problem is errors.UNAVAILABLE:
        return sorry("unavailable", 503)
    if found.problem in {errors.NOT_FOUND, errors.GONE}:
        return sorry("no-such-page", 404)
    if found.problem is errors.SCOPE_LACKING:
        return sorry("not-for-you", 403)
    if found.problem.status < 500:
        return refused(found)
    raise found


def refused(found: HubError) -> Response:
    """What the rules do not allow, with the status that the API gives it."""
    text = reason(found)
    return show("sorry.html", status=found.problem.status, title=tell("refused"), text=text, back="", plain=True)


def reason(found: HubError) -> str:
    """Why something was refused, in words of these pages where they have some."""
    own = f"problem-{found.problem.code}"
    if own in texts.catalogue("referrals") and found.text == found.problem.text:
        return tell(own)
    return texts.say(found.text, language(), **{**_BLANKS, **found.params})


def wrong_address(found: HTTPException) -> Response:
    known: Mapping[int, str] = {403: "not-for-you", 404: "no-such-page", 405: "no-such-page", 413: "too-large"}
    if found.code == 413 and request.max_content_length == WITH_A_FILE:
        hear_out(request)
        return sorry("too-large-file", 413, back=request.path)
    return sorry(known.get(found.code or 400, "stale"), found.code or 400)


def _style() -> bytes:
    return files(__package__).joinpath("templates", "style.css").read_bytes()


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader(__package__, "templates")
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


View = Callable[..., Response]
