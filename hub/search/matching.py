"""One parameter of a search with its modifier, chain or `_has`, as a match of the query tree.

https://hl7.org/fhir/R4/search.html#modifiers · https://hl7.org/fhir/R4/search.html#chaining · https://hl7.org/fhir/R4/search.html#has
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hub.errors import SEALED_SEARCH, HubError
from hub.fhir.folding import fold
from hub.fhir.query import Chained, Match, Modifier, ParameterType, Query, Span, Target, Together, Token, Value, Word
from hub.search import codes
from hub.search.asked import bad, shown, split, token, tokens, unescaped, values, word
from hub.search.parameters import KEPT_BESIDE, PARAMETERS, Parameter, parameter
from hub.search.sealed import is_sealed

MOST_ALTERNATIVES: Final = 200
DEEPEST: Final = 6
MOST_STEPS: Final = 40

MODIFIERS: Final[dict[ParameterType, tuple[str, ...]]] = {
    "token": ("not", "text", "in", "not-in", "above", "below", "of-type", "missing"),
    "reference": ("identifier", "missing"),  # and the types it may point to
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "string": ("exact", "contains", "missing"),
    "uri": ("above", "below", "missing"),
    "composite": (),
    "special": ("missing",),
}
"""The modifiers that are answered, by parameter type."""

SHORTEST: Final = 2
SEALED_FORMS: Final[dict[ParameterType, str]] = {
    "token": ":not, :missing, code, system|code, system|",
    "string": ":exact, :missing, name=fa (>= 2)",
    "date": ":missing, YYYY, YYYY-MM, YYYY-MM-DD",
    "uri": ":missing, URL",
}
"""How a parameter of an encrypted element may be asked, by parameter type."""
_SEALED_MODIFIERS: Final = frozenset({"not", "exact", "missing"})

_CHAIN: Final = re.compile(r"(_?[a-z][a-z\-]*)(?::([A-Z][A-Za-z]+))?\.(.+)")
_HAS: Final = re.compile(r"_has:([A-Z][A-Za-z]+):(_?[a-z][a-z\-]*):(.+)")


def read(type_: str, name: str, value: str, base: str, depth: int = 0) -> Match | None:
    """The match that `name=value` asks; None where the parameter is not known. Raises BAD_PARAMETER, SEALED_SEARCH."""
    if name.startswith("_has") or "." in name:
        return _followed(type_, name, value, base, depth)
    stem, _, modifier = name.partition(":")
    found = parameter(type_, stem)
    if found is None:
        return None
    if depth and modifier == "missing":
        raise bad(name, "-")
    parts = split(value, ",")
    if len(parts) > MOST_ALTERNATIVES:
        raise bad(name, f"<= {MOST_ALTERNATIVES}")
    return _match(type_, found, _Written(name, modifier, parts, base))


# --- chains ----------------------------------------------------------------------------------------------------------


def _followed(type_: str, name: str, value: str, base: str, depth: int) -> Match | None:
    """A chain that is not followed would answer another question: where it cannot be read it is refused, not ignored."""
    if depth >= DEEPEST:
        raise bad(name, f"<= {DEEPEST}")
    has, chain = _HAS.fullmatch(name), _CHAIN.fullmatch(name)
    match = _reverse(type_, has, value, base, depth) if has else _chain(type_, chain, value, base, depth)
    if match is None and (has or name.startswith("_has") or parameter(type_, re.split("[:.]", name)[0])):
        raise bad(name, _followable(type_, name))
    if match is not None and not depth and sum(1 for _ in steps(match)) > MOST_STEPS:
        raise bad(name, ":Type")
    return match


def _followable(type_: str, name: str) -> str:
    """How a chain from this type is written: with the references of its own that lead to what can be searched."""
    if name.startswith("_has"):
        return "_has:Type:reference:parameter"
    known = (one.name for one in PARAMETERS[type_].values() if any(target in PARAMETERS for target in one.targets))
    return ", ".join(f"{one}.parameter, {one}:Type.parameter" for one in known) or "-"


def _reverse(type_: str, has: "re.Match[str]", value: str, base: str, depth: int) -> Match | None:
    source, through, rest = has[1], has[2], has[3]
    pointing = parameter(source, through) if source in PARAMETERS else None
    inner = read(source, rest, value, base, depth + 1) if pointing and type_ in pointing.targets else None
    if inner is None:
        return None
    points = Match(
        through, "reference", (Word("false"),), "missing"
    )  # who follows a reference must see that there is one
    return Match("_has", "special", (Chained(Query(source, (inner, points)), through),))


def _chain(type_: str, chain: "re.Match[str] | None", value: str, base: str, depth: int) -> Match | None:
    found = parameter(type_, chain[1]) if chain else None
    if chain is None or found is None or found.type != "reference":
        return None
    targets = [t for t in found.targets if t in PARAMETERS and chain[2] in {None, t}]
    asked = [(target, read(target, chain[3], value, base, depth + 1)) for target in targets]
    reached = tuple(Chained(Query(target, (inner,))) for target, inner in asked if inner)
    return Match(found.name, "reference", reached) if reached else None


def steps(match: Match) -> Iterator[Chained]:
    """The queries that a match begins with, at any depth."""
    for value in match.values:
        if isinstance(value, Chained):
            yield value
            for inner in value.query.reads:
                yield from steps(inner)


def tells(type_: str, name: str) -> bool:
    """Whether what is asked for under this name is the value of an encrypted element, which stands in no URL."""
    if has := _HAS.fullmatch(name):
        return has[1] in PARAMETERS and tells(has[1], has[3])
    if chain := _CHAIN.fullmatch(name):
        found = parameter(type_, chain[1])
        return found is not None and any(tells(t, chain[3]) for t in found.targets if t in PARAMETERS)
    stem = name.partition(":")[0]
    return parameter(type_, stem) is not None and is_sealed(type_, stem)


# --- modifiers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Written:
    """A parameter as it was written: its whole name, the modifier in it, its alternatives; and the server's base."""

    name: str
    modifier: str
    parts: list[str]
    base: str


def _match(type_: str, found: Parameter, written: _Written) -> Match:
    name, modifier, parts = written.name, written.modifier, written.parts
    if modifier == "missing" and found.type != "composite":
        return _missing(found, name, parts)
    sealed = is_sealed(type_, found.name)
    _check(found, name, modifier, sealed=sealed)
    if found.type == "composite":
        match = Match(found.name, found.type, tuple(_together(found, name, part, written.base) for part in parts))
    elif modifier and modifier not in found.targets:
        match = _modified(found, name, modifier, parts)
    else:
        types = (modifier,) if modifier else found.targets
        read_ = tuple(v for part in parts for v in values(found, name, part, types, written.base))
        match = Match(found.name, found.type, read_, "versioned" if found.name == "_profile" else None)
    whole = modifier == "exact" or found.type == "uri"
    if sealed and not all(_can_be_sealed(value, exact=whole) for value in match.values):
        raise _sealed(name, found)
    return match


def _check(found: Parameter, name: str, modifier: str, *, sealed: bool) -> None:
    if not modifier or modifier in found.targets:
        return
    known = _modifiers(found)
    if sealed and modifier in known and not _is_answered(modifier, sealed=sealed):
        raise _sealed(name, found)
    if modifier not in known:
        raise bad(name, ", ".join(f":{m}" for m in (*known, *found.targets)) or "-")


def modifiers(type_: str, found: Parameter) -> tuple[str, ...]:
    """Those that this parameter of the type answers."""
    sealed = is_sealed(type_, found.name)
    return tuple(one for one in _modifiers(found) if _is_answered(one, sealed=sealed))


def _is_answered(modifier: str, *, sealed: bool) -> bool:
    return not sealed or modifier in _SEALED_MODIFIERS


def _modifiers(found: Parameter) -> tuple[str, ...]:
    """Those of its type that can be asked of what it reads: what is no Identifier is of no type."""
    if found.name in KEPT_BESIDE:  # equal or not
        return ("not", "missing") if found.type == "token" else ("missing",)
    identifies = any(path.type == "Identifier" for path in found.paths)
    return tuple(one for one in MODIFIERS[found.type] if one != "of-type" or identifies)


def _missing(found: Parameter, name: str, parts: list[str]) -> Match:
    if len(parts) != 1 or parts[0] not in {"true", "false"}:
        raise bad(name, "true, false")
    if found.name in KEPT_BESIDE:  # never missing: one of no id, or one that is not one of none
        return Match("_id", "token", (), None if parts[0] == "true" else "not")
    return Match(found.name, found.type, (Word(parts[0]),), "missing")


def _modified(found: Parameter, name: str, modifier: str, parts: list[str]) -> Match:
    kept: Modifier | None = None
    read_: Iterable[Value]
    match found.type, modifier:
        case "token", "not":
            read_, kept = (one for part in parts for one in tokens(found, name, part)), "not"
        case "token", "in" | "not-in":
            read_, kept = codes.of_value_sets(found, name, parts), "not" if modifier == "not-in" else None
        case "token", "above" | "below":
            read_ = codes.related(found, name, parts, is_above=modifier == "above")
        case "token", "of-type":
            read_, kept = (_of_type(name, part) for part in parts), "of-type"
        case "reference", _:
            read_, kept = (token(name, part) for part in parts), "identifier"
        case "uri", "above":
            read_ = (one for part in parts for one in _ancestors(name, unescaped(part)))
        case "uri", _:
            read_, kept = (Word(_url(name, unescaped(part))) for part in parts), "below"
        case _:
            read_, kept = (word(name, part) for part in parts), modifier  # type: ignore[assignment]  # exact, contains, text
    return Match(found.name, found.type, tuple(read_), kept)


def _of_type(name: str, part: str) -> Word:
    pieces = [unescaped(piece) for piece in split(part, "|")]
    if len(pieces) != 3 or not all(pieces):
        raise bad(name, "system|code|value")
    return Word("|".join(pieces))


def _url(name: str, text: str) -> str:
    """https://hl7.org/fhir/R4/search.html#uri: of URLs alone, URNs have nothing below them."""
    if "://" not in text:
        raise bad(name, "http://…")
    return text


def _ancestors(name: str, text: str) -> Iterator[Word]:
    scheme, _, rest = _url(name, text).partition("://")
    steps_ = rest.rstrip("/").split("/")
    for length in range(1, len(steps_) + 1):
        path = f"{scheme}://{'/'.join(steps_[:length])}"
        yield Word(path)
        yield Word(f"{path}/")


def _together(found: Parameter, name: str, part: str, base: str) -> Together:
    """https://hl7.org/fhir/R4/search.html#composite"""
    pieces = split(part, "$")
    if len(pieces) != len(found.components):
        raise bad(name, "$".join(one.type for one in found.components))
    return Together(
        tuple(
            Match(letter, one.type, tuple(values(one, name, piece, one.targets, base)))
            for letter, one, piece in zip("abcdefgh", found.components, pieces, strict=False)
        )
    )


# --- encrypted elements ----------------------------------------------------------------------------------------------


def _can_be_sealed(value: Value, *, exact: bool) -> bool:
    """Tokens are equal or they are not: of a date they answer no comparison, of a word they know no single letter."""
    match value:
        case Span(prefix=prefix):
            return prefix == "eq"
        case Word(text=text) if not exact:
            return all(len(word_) >= SHORTEST for word_ in fold(text).split())
        case Token() | Target() | Word():
            return True
        case _:
            return False


def _sealed(name: str, found: Parameter) -> HubError:
    expected = sealed_forms(found.type) or "-"
    return HubError(SEALED_SEARCH, path=f"http.{shown(name)}", parameter=shown(name), expected=expected)


def sealed_forms(type_: ParameterType) -> str:
    """How a parameter of this type may be asked where it reads encrypted elements; "" where in no form."""
    return SEALED_FORMS.get(type_, ":missing" if "missing" in MODIFIERS[type_] else "")
