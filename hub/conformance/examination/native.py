"""The invariants of R4 that are asked most, in Python: by their FHIRPath expression, so that another of the same key is not
taken for them. `rules.py` evaluates all others; a test holds both to each other.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from hub.conformance.examination import narrative
from hub.conformance.examination.surroundings import Surroundings

Rule = Callable[[Any, Surroundings], bool]
UCUM: Final = "http://unitsofmeasure.org"
_ZONED: Final = re.compile(r"(?:Z|[+-]\d\d:\d\d)$", re.ASCII)


def has(value: Any, *names: str) -> bool:
    """Whether one of these elements is there, if only as an extension."""
    return isinstance(value, dict) and any(name in value or f"_{name}" in value for name in names)


def has_choice(value: Any, stem: str) -> bool:
    """Whether an element with a type in its name is there."""
    if not isinstance(value, dict):
        return False
    names = (name.removeprefix("_") for name in value)
    return any(name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper() for name in names)


def listed(value: Any, name: str) -> list[Any]:
    """What stands under a name, as a list."""
    below = value.get(name) if isinstance(value, dict) else None
    if isinstance(below, list):
        return [one for one in below if one is not None]
    return [] if below is None else [below]


def only_if(condition: bool, consequence: bool) -> bool:
    return consequence or not condition


# --- all elements and resources --------------------------------------------------------------------------------------


def _has_content(value: Any, _: Surroundings) -> bool:
    return not isinstance(value, dict) or bool(value.keys() - {"id", "fhir_comments"})


def _contained_is_referenced(resource: Any, _: Surroundings) -> bool:
    """dom-3. A contained resource may also refer to its container instead."""
    contained = [one for one in listed(resource, "contained") if isinstance(one, dict)]
    if not contained:
        return True
    said = set(_fragments(resource))
    return all(f"#{one.get('id')}" in said or "#" in set(_fragments(one)) for one in contained)


def _fragments(node: Any) -> Iterator[str]:
    """Every value that might be a reference within the resource."""
    pending = [node]
    while pending:
        here = pending.pop()
        if isinstance(here, str):
            if here.startswith("#"):
                yield here
        elif isinstance(here, dict | list):
            pending += here.values() if isinstance(here, dict) else here


def _meta_lacks(*names: str) -> Rule:
    return lambda resource, _: (
        not any(has(meta, *names) for one in listed(resource, "contained") for meta in listed(one, "meta"))
    )


def _is_resolved_within(value: Any, around: Surroundings) -> bool:
    literal = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(literal, str) or not literal.startswith("#"):
        return True
    return around.resolve(literal) is not None


def _xhtml(check: Callable[[str], bool]) -> Rule:
    return lambda value, _: not isinstance(value, str) or check(value)


# --- data types ------------------------------------------------------------------------------------------------------


def _in_order(value: Any, _: Surroundings) -> bool:
    start, end = value.get("start"), value.get("end")
    return not (isinstance(start, str) and isinstance(end, str)) or not_after(start, end)


def not_after(first: str, second: str) -> bool:
    """first ≤ second; where the precisions differ and nothing is decided up to the coarser one, nothing is wrong."""
    if "T" in first and "T" in second:
        one, other = _moment(first), _moment(second)
        if one is not None and other is not None and bool(_ZONED.search(first)) == bool(_ZONED.search(second)):
            return one <= other
        return True
    length = min(len(first.partition("T")[0]), len(second.partition("T")[0]))
    return first[:length] <= second[:length]


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _low_before_high(value: Any, _: Surroundings) -> bool:
    """rng-2; of quantities in different units nothing is said."""
    low, high = value.get("low"), value.get("high")
    if not isinstance(low, dict) or not isinstance(high, dict):
        return True
    if any(low.get(name) != high.get(name) for name in ("system", "code")):
        return True
    first, last = low.get("value"), high.get("value")
    return not (isinstance(first, int | float) and isinstance(last, int | float)) or first <= last


def _ratio(value: Any, _: Surroundings) -> bool:
    both = has(value, "numerator") == has(value, "denominator")
    return both and has(value, "numerator", "extension")


def _offset_has_event(value: Any, _: Surroundings) -> bool:
    """tim-9: an offset is from an event; not from a meal as such, where before or after is what the code says."""
    when = listed(value, "when")
    return not has(value, "offset") or (
        has(value, "when") and not (len(when) == 1 and when[0] in {"C", "CM", "CD", "CV"})
    )


def _not_negative(name: str) -> Rule:
    return lambda value, _: not isinstance(value.get(name), int | float) or value[name] >= 0


# --- bundles ---------------------------------------------------------------------------------------------------------


def _bundle_type(value: Any) -> Any:
    return value.get("type")


def _is_untyped(bundle: Any) -> bool:
    """Said elsewhere; of what depends on the type, nothing is."""
    return "type" not in bundle


def _entries_have(name: str, *types: str) -> Rule:
    return lambda bundle, _: (
        _is_untyped(bundle)
        or all(has(entry, name) == (_bundle_type(bundle) in types) for entry in listed(bundle, "entry"))
    )


def _full_urls_differ(bundle: Any, _: Surroundings) -> bool:
    if _bundle_type(bundle) == "history":
        return True
    said = [
        (
            entry["fullUrl"],
            next((m.get("versionId") for r in listed(entry, "resource") for m in listed(r, "meta")), None),
        )
        for entry in listed(bundle, "entry")
        if isinstance(entry, dict) and isinstance(entry.get("fullUrl"), str)
    ]
    return len(said) == len({str(one) for one in said})


def _begins_with(bundle_type: str, resource_type: str) -> Rule:
    def check(bundle: Any, _: Surroundings) -> bool:
        first: Any = next(iter(listed(bundle, "entry")), {})
        found = [r.get("resourceType") for r in listed(first, "resource") if isinstance(r, dict)]
        return _bundle_type(bundle) != bundle_type or not found or found == [resource_type]

    return check


# --- resources -------------------------------------------------------------------------------------------------------


def _components_are_other(observation: Any, around: Surroundings) -> bool:
    """obs-7: where there is a value, no component has the observation's own code."""
    if not has_choice(observation, "value"):
        return True
    own = _codes(around.resource)
    return not any(coding in own for one in listed(observation, "component") for coding in _codes(one))


def _codes(value: Any) -> list[Any]:
    return [coding for concept in listed(value, "code") for coding in listed(concept, "coding")]


def _not_home(value: Any, _: Surroundings) -> bool:
    return not isinstance(value, dict) or value.get("use") != "home"


def _modified_after(task: Any, _: Surroundings) -> bool:
    last, first = task.get("lastModified"), task.get("authoredOn")
    return not (isinstance(last, str) and isinstance(first, str)) or not_after(first, last)


def _needs(name: str, *others: str) -> Rule:
    """Where `name` is, one of the others is."""
    return lambda value, _: only_if(has(value, name), has(value, *others))


def _one_of(*names: str) -> Rule:
    return lambda value, _: has(value, *names)


def _not_both(name: str, other: str) -> Rule:
    return lambda value, _: not (has(value, name) and has(value, other))


NATIVE: Final[dict[str, Rule]] = {
    "hasValue() or (children().count() > id.count())": _has_content,
    "extension.exists() != value.exists()": lambda v, _: has(v, "extension") != has_choice(v, "value"),
    "contained.contained.empty()": lambda v, _: not any(has(one, "contained") for one in listed(v, "contained")),
    (
        "contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical) | "
        "%resource.descendants().as(uri) | %resource.descendants().as(url))) or descendants().where(reference = '#').exists() or "
        "descendants().where(as(canonical) = '#').exists() or descendants().where(as(canonical) = '#').exists()).not())"
        ".trace('unmatched', id).empty()"
    ): _contained_is_referenced,
    "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()": _meta_lacks("versionId", "lastUpdated"),
    "contained.meta.security.empty()": _meta_lacks("security"),
    "text.`div`.exists()": lambda v, _: any(has(text, "div") for text in listed(v, "text")),
    (
        "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))"
    ): _is_resolved_within,
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": _in_order,
    "code.empty() or system.exists()": _needs("code", "system"),
    "low.empty() or high.empty() or (low <= high)": _low_before_high,
    "value.empty() or system.exists()": _needs("value", "system"),
    "data.empty() or contentType.exists()": _needs("data", "contentType"),
    "(numerator.empty() xor denominator.exists()) and (numerator.exists() or extension.exists())": _ratio,
    "name.empty() or query.empty()": _not_both("name", "query"),
    "expression.exists() or reference.exists()": _one_of("expression", "reference"),
    # Timing.repeat
    "duration.empty() or durationUnit.exists()": _needs("duration", "durationUnit"),
    "period.empty() or periodUnit.exists()": _needs("period", "periodUnit"),
    "duration.exists() implies duration >= 0": _not_negative("duration"),
    "period.exists() implies period >= 0": _not_negative("period"),
    "periodMax.empty() or period.exists()": _needs("periodMax", "period"),
    "durationMax.empty() or duration.exists()": _needs("durationMax", "duration"),
    "countMax.empty() or count.exists()": _needs("countMax", "count"),
    "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))": _offset_has_event,
    "timeOfDay.empty() or when.empty()": _not_both("timeOfDay", "when"),
    # Bundle
    "total.empty() or (type = 'searchset') or (type = 'history')": lambda v, _: only_if(
        has(v, "total"), _is_untyped(v) or _bundle_type(v) in {"searchset", "history"}
    ),
    "entry.search.empty() or (type = 'searchset')": lambda v, _: only_if(
        any(has(entry, "search") for entry in listed(v, "entry")), _is_untyped(v) or _bundle_type(v) == "searchset"
    ),
    (
        "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' or %resource.type = 'history'))"
    ): _entries_have("request", "batch", "transaction", "history"),
    (
        "entry.all(response.exists() = (%resource.type = 'batch-response' or %resource.type = 'transaction-response' or "
        "%resource.type = 'history'))"
    ): _entries_have("response", "batch-response", "transaction-response", "history"),
    (
        "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()"
    ): _full_urls_differ,
    "type = 'document' implies (identifier.system.exists() and identifier.value.exists())": lambda v, _: only_if(
        _bundle_type(v) == "document",
        any(has(one, "system") and has(one, "value") for one in listed(v, "identifier")),
    ),
    "type = 'document' implies (timestamp.hasValue())": lambda v, _: only_if(
        _bundle_type(v) == "document", v.get("timestamp") is not None
    ),
    "type = 'document' implies entry.first().resource.is(Composition)": _begins_with("document", "Composition"),
    "type = 'message' implies entry.first().resource.is(MessageHeader)": _begins_with("message", "MessageHeader"),
    "resource.exists() or request.exists() or response.exists()": _one_of("resource", "request", "response"),
    "fullUrl.contains('/_history/').not()": lambda v, _: "/_history/" not in str(v.get("fullUrl", "")),
    # resources that are exchanged most
    "dataAbsentReason.empty() or value.empty()": lambda v, _: (
        not (has(v, "dataAbsentReason") and has_choice(v, "value"))
    ),
    (
        "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()"
    ): _components_are_other,
    "low.exists() or high.exists() or text.exists()": _one_of("low", "high", "text"),
    "lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn": _modified_after,
    "policy.exists() or policyRule.exists()": _one_of("policy", "policyRule"),
    "(identifier.count() + name.count()) > 0": _one_of("identifier", "name"),
    "where(use = 'home').empty()": _not_home,
    "name.exists() or telecom.exists() or address.exists() or organization.exists()": _one_of(
        "name", "telecom", "address", "organization"
    ),
    "detail.empty() or reference.empty()": _not_both("detail", "reference"),
    "orderDetail.empty() or code.exists()": _needs("orderDetail", "code"),
}
"""Expression → whether it holds for a value."""

NATIVE_BY_KEY: Final[dict[tuple[str, str], Rule]] = {
    ("txt-1", "htmlChecks()"): _xhtml(narrative.is_allowed),
    ("txt-2", "htmlChecks()"): _xhtml(narrative.says_something),
}
"""Both have the same expression in R4, and mean something different."""
