"""What is answered to a message, and how the answer is written: MSA and, of what is wrong, ERR with its place and no content.

HL7 v2.5.1 chapter 2.9 (original and enhanced mode by MSH-15 and MSH-16) and tables 0008, 0155, 0357.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.hl7v2.encoding import Unreadable
from adapters.hl7v2.message import NULL, Message
from adapters.hl7v2.moments import written
from adapters.hl7v2.terms import Terms

CONDITIONS: Final = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
"""Table 0357."""

EVENTS: Final = {
    "REF": frozenset({"I12", "I13", "I14", "I15"}),
    "RRI": frozenset({"I12", "I13", "I14", "I15"}),
    "ADT": frozenset({"A01", "A03", "A04", "A08", "A31"}),
}
NEEDED: Final = {
    "REF": (("RF1", 6), ("PID", 3)),
    "RRI": (("MSA", 1), ("RF1", 6)),
    "ADT": (("PID", 3),),
}
VERSIONS: Final = frozenset(f"2.{minor}" for minor in ("3", "3.1", "4", "5", "5.1", "6", "7", "7.1", "8", "8.1", "8.2"))
LONGEST_CONTROL: Final = 199


@dataclass(frozen=True)
class Fault:
    """`rejects`: the message is of a kind that is not taken; else it is one that something is wrong with."""

    code: str
    location: str
    rejects: bool = False


def faults(message: Message, terms: Terms) -> Iterator[Fault]:
    """What keeps a message from being taken; those of its kind come first, and are then all that is told."""
    found = list(_of_kind(message, terms))
    yield from found or _of_content(message)


def _of_kind(message: Message, terms: Terms) -> Iterator[Fault]:
    kind, _, event = message.kind.partition("^")
    if not message.control or len(message.control) > LONGEST_CONTROL:
        yield Fault("101", "MSH^1^10", rejects=True)
    if kind not in EVENTS:
        yield Fault("200", "MSH^1^9^1^1", rejects=True)
    elif event not in EVENTS[kind]:
        yield Fault("201", "MSH^1^9^1^2", rejects=True)
    if message.header.value(11) != terms.processing:
        yield Fault("202", "MSH^1^11", rejects=True)
    if message.version not in VERSIONS:
        yield Fault("203", "MSH^1^12", rejects=True)
    if terms.senders and message.sender not in terms.senders:
        yield Fault("204", "MSH^1^3", rejects=True)


def _of_content(message: Message) -> Iterator[Fault]:
    for name, number in NEEDED[message.kind[:3]]:
        segment = message.first(name)
        if segment is None:
            yield Fault("100", name)
        elif segment.value(number) in {"", NULL}:
            yield Fault("101", f"{name}^1^{number}")


def letters(message: Message, *, well: bool) -> list[str]:
    """How often, and in which mode, the sender wants to hear: A once in original mode, always; else C as MSH-15 says and A as
    MSH-16 says. To a REF that is well the application answers with an RRI, later; what is wrong is told once."""
    if not is_enhanced(message):
        return ["A"]
    told = {"AL", "SU" if well else "ER"}
    wanted = [letter for letter, number in (("C", 15), ("A", 16)) if message.header.value(number) in told]
    if well:
        return [one for one in wanted if one == "C" or not message.kind.startswith("REF")]
    return wanted[:1]


def is_enhanced(message: Message) -> bool:
    return bool(message.header.value(15) or message.header.value(16))


def acknowledgement(
    message: Message, found: list[Fault], letter: str, *, control: str, at: datetime, terms: Terms
) -> bytes:
    """In the sender's own delimiters and character set; its names change places."""
    header, marks = message.header, message.marks
    verdict = "A" if not found else "R" if any(one.rejects for one in found) else "E"
    event = message.kind.partition("^")[2]
    kind = marks.component.join(part for part in ("ACK", header.raw(9) and event, "ACK") if part)
    fields = [
        "MSH", header.raw(2), header.raw(5), header.raw(6), header.raw(3), header.raw(4), written(at, terms.zone), "",
        kind, control, header.raw(11), header.raw(12), "", "", "", "", "", header.raw(18),
    ]  # fmt: skip
    lines = [fields, ["MSA", f"{letter}{verdict}", header.raw(10)]]
    lines += [_error(one, message) for one in found]
    text = "".join(marks.field.join(line).rstrip(marks.field) + "\r" for line in lines)
    return text.encode(message.codec, "replace")


def _error(fault: Fault, message: Message) -> list[str]:
    """As version 2.5 and later write it, and before that in ERR-1 alone."""
    part, sub = message.marks.component, message.marks.subcomponent
    coded = [fault.code, CONDITIONS[fault.code], "HL70357"]
    place = fault.location.split("^")
    if message.version in {"2.3", "2.3.1", "2.4"} and sub != "\0":
        return ["ERR", part.join([*[*place, "", ""][:3], sub.join(coded)])]
    return ["ERR", "", part.join(place), part.join(coded), "E"]


def unreadable(problem: Unreadable, *, control: str, at: datetime, terms: Terms) -> bytes:
    """To what was no message: nothing of it can be quoted, not even who sent it."""
    us, them = terms.us, terms.them
    coded = f"{problem.code}^{CONDITIONS[problem.code]}^HL70357"
    text = (
        f"MSH|^~\\&|{us.application}|{us.facility}|{them.application}|{them.facility}|{written(at, terms.zone)}||ACK|"
        f"{control}|{terms.processing}|{terms.version}\rMSA|AR|\rERR||{problem.location}|{coded}|E\r"
    )
    return text.encode()
