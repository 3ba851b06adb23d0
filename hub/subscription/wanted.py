"""What a subscriber asks for, read from its Subscription. What the hub does not do is refused, never dropped (pure).

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hub.errors import SUBSCRIPTION_REFUSED, HubError
from hub.fhir import Resource
from hub.fhir.instants import span
from hub.fhir.writable import CONTROL
from hub.subscription import extensions as named
from hub.subscription.channels import CHANNELS, Channel
from hub.subscription.headers import Headers, headers
from hub.subscription.topics import Topic, pair, topics
from hub.texts import LANGUAGES

MOST_AT_ONCE: Final = 50
MOST_FILTERS: Final = 20
LONGEST: Final = 2048  # letters of a text

HEARTBEATS: Final = range(10, 7 * 24 * 3600 + 1)  # seconds
TIMEOUTS: Final = range(1, 11)  # seconds; no receiver is waited for any longer
AT_ONCE: Final = range(1, 10**6)
_WHOLE: Final = frozenset(
    {"resourceType", "id", "meta", "language", "status", "contact", "end", "reason", "criteria", "_criteria", "error"}
    | {"channel"}
)


@dataclass(frozen=True, repr=False)
class Wanted:
    """`types`: of the topic's those that its filters leave. `filters`: their values as they stand in a URL. `media`: of what is
    sent. `headers` None: none were said. `heartbeat` 0: none. `most`: events of one notification. `language`: "" where none was
    said."""

    topic: Topic
    types: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]
    channel: str
    endpoint: str
    content: str
    media: str
    headers: Headers | None
    heartbeat: int
    timeout: int
    most: int
    is_off: bool
    end: datetime | None
    language: str = ""


def refused(path: str, why: str, expected: str = "-") -> HubError:
    """`why`: the end of a key of the text catalogue. Nothing of what was sent is repeated."""
    return HubError(SUBSCRIPTION_REFUSED, path=f"Subscription.{path}", text=f"subscriptions.{why}", expected=expected)


def wanted(resource: Resource) -> Wanted:
    """Raises SUBSCRIPTION_REFUSED with what is wrong first."""
    channel = resource.get("channel")
    if not isinstance(channel, dict):
        raise refused("channel", "no-channel", ", ".join(CHANNELS))
    through = _through(channel)
    _require_known(resource, channel, through)
    topic = _topic(resource.get("criteria"))
    types, filters = _filters(resource.get("_criteria"), topic)
    counted = _extensions(channel.get("extension"), "channel.extension", named.HEARTBEAT, named.TIMEOUT, named.MOST)
    return Wanted(
        topic=topic,
        types=types,
        filters=filters,
        channel=channel["type"],
        endpoint=_endpoint(channel, through),
        content=_content(channel, through),
        media=channel["payload"],
        headers=headers(channel["header"]) if "header" in channel else None,
        heartbeat=_number(counted, named.HEARTBEAT, HEARTBEATS, 0),
        timeout=_number(counted, named.TIMEOUT, TIMEOUTS, TIMEOUTS[-1]),
        most=min(_number(counted, named.MOST, AT_ONCE, MOST_AT_ONCE), MOST_AT_ONCE),
        is_off=_is_off(resource.get("status")),
        end=_end(resource.get("end")),
        language=_language(resource.get("language")),
    )


def written(resource: Resource) -> Resource:
    """What is kept and shown of it: all but what the hub says itself, and the headers, which nobody reads back."""
    kept = {name: value for name, value in resource.items() if name not in {"id", "meta", "status", "error"}}
    return kept | {"channel": {name: value for name, value in resource["channel"].items() if name != "header"}}


def _through(channel: Resource) -> Channel:
    kind = channel.get("type")
    if not isinstance(kind, str) or kind not in CHANNELS:
        raise refused("channel.type", "bad-channel", ", ".join(CHANNELS))
    return CHANNELS[kind]


def _require_known(resource: Resource, channel: Resource, through: Channel) -> None:
    for path, given, known in (("", resource, _WHOLE), ("channel", channel, through.elements)):
        if given.keys() - known:
            raise refused(path, "unknown-element", ", ".join(sorted(known)))
    if not isinstance(resource.get("reason"), str) or not 0 < len(resource["reason"]) <= LONGEST:
        raise refused("reason", "no-reason")


def _topic(criteria: Any) -> Topic:
    if not isinstance(criteria, str) or criteria not in topics():
        raise refused("criteria", "unknown-topic", ", ".join(topics()))
    return topics()[criteria]


def _filters(beside: Any, topic: Topic) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The types that are left, and what their resources must meet: all of it, so filters are of one type."""
    given = _listed(beside, "criteria", named.FILTER)
    if len(given) > MOST_FILTERS:
        raise refused("criteria", "bad-filter", f"<= {MOST_FILTERS}")
    found = [_filter(one.get("valueString"), topic) for one in given]
    types = tuple(dict.fromkeys(type_ for type_, _ in found))
    if len(types) > 1:
        raise refused("criteria", "bad-filter", " | ".join(types))
    return types or tuple(topic.triggers), tuple(one for _, pairs in found for one in pairs)


def _filter(text: Any, topic: Topic) -> tuple[str, list[tuple[str, str]]]:
    type_, _, query = text.partition("?") if _is_line(text) else ("", "", "")
    pairs = [pair(part) for part in query.split("&")]
    known = topic.filters.get(type_, frozenset())
    if any(name.partition(":")[0] not in known or not value for name, value in pairs):
        expected = ", ".join(f"{type_}?{'|'.join(sorted(names))}=…" for type_, names in topic.filters.items())
        raise refused("criteria", "bad-filter", expected)
    return type_, pairs


def _is_line(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST and not CONTROL.search(text)


def _endpoint(channel: Resource, through: Channel) -> str:
    endpoint = channel.get("endpoint")
    if not isinstance(endpoint, str) or len(endpoint) > LONGEST or not through.endpoint.fullmatch(endpoint):
        raise refused("channel.endpoint", "bad-endpoint")
    return endpoint


def _content(channel: Resource, through: Channel) -> str:
    if channel.get("payload") not in through.payloads:
        raise refused("channel.payload", "bad-payload", ", ".join(through.payloads))
    given = _listed(channel.get("_payload"), "channel.payload", named.CONTENT)
    codes = [one.get("valueCode") for one in given]
    if len(codes) != 1 or codes[0] not in through.contents:
        raise refused("channel.payload", "bad-content", ", ".join(through.contents))
    return str(codes[0])


def _listed(beside: Any, path: str, url: str) -> list[Resource]:
    """The extensions of a primitive element, which are all of one kind."""
    if beside is None:
        return []
    if not isinstance(beside, dict) or beside.keys() != {"extension"}:
        raise refused(path, "unknown-extension", url)
    return _extensions(beside["extension"], path, url)


def _extensions(given: Any, path: str, *urls: str) -> list[Resource]:
    expected = ", ".join(urls)
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("url") in urls for one in given):
        raise refused(path, "unknown-extension", expected)
    if any(len(one) != 2 for one in given):
        raise refused(path, "unknown-extension", expected)
    return given


def _number(given: Iterable[Mapping[str, Any]], url: str, within: range, default: int) -> int:
    values = [value for one in given if one["url"] == url for name, value in one.items() if name != "url"]
    if not values:
        return default
    if len(values) > 1 or type(values[0]) is not int or values[0] not in within:
        raise refused("channel.extension", "bad-number", f"{within[0]} … {within[-1]}: {url}")
    return values[0]


def _is_off(status: Any) -> bool:
    """`active` is what one reads that is active: whoever sends it back is asked to shake hands again."""
    if status not in {"requested", "active", "off"}:
        raise refused("status", "bad-status", "requested, off")
    return bool(status == "off")


def _end(given: Any) -> datetime | None:
    if given is None:
        return None
    try:
        return span(given)[1]
    except (ValueError, TypeError):
        raise refused("end", "bad-end") from None


def _language(given: Any) -> str:
    """In which a mail is written; one that is not ours is refused rather than answered in another."""
    if given is not None and given not in LANGUAGES:
        raise refused("language", "bad-language", ", ".join(LANGUAGES))
    return str(given or "")
