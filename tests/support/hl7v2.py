"""Messages of a hospital that does not exist, and a hospital's system that answers as one does."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adapters.hl7v2 import answer, listen, refer
from adapters.hl7v2.mllp import Frames, framed
from adapters.hl7v2.terms import terms
from hub import mapping
from hub.ports import Connection, FollowUp
from tests.support.patience import PATIENCE_S

SECRET = "a secret of a test"


def message(*segments, charset="utf-8"):
    return "".join(f"{segment}\r" for segment in segments).encode(charset)


def header(
    kind="REF^I12^REF_I12", control="HIS1", *, version="2.5.1", modes="|", charset="UNICODE UTF-8", processing="P"
):
    return f"MSH|^~\\&|HIS|CHU-1|IHALA|HUB|20260315101500+0000||{kind}|{control}|{processing}|{version}|||{modes}|MAR|{charset}"


RF1 = "RF1|P^Pending^HL70283|S^STAT^HL70280|Med^Medical^HL70281|AM|O|R-2026-000123^CHU-1|20260315|20260615|20260315101500+0000"
RP = "PRD|RP^Referring provider^HL70286||||||CHU-1^IHALA"
RT = "PRD|RT^Referred to provider^HL70286||||||association-anwar^IHALA"
PID = "PID|1||P-77^^^CHU-1^AN~AB12345^^^MAR^NI||Fictif^Nadia^^^^^L||200103|F|||7 rue Fictive^^Rabat||^PRN^PH^^212^661^234567||ar|M"
NTE = "NTE|1|L|Consultation médicale et certificat"
CON = "CON|1||||||||||A||20260314"


def ref(event="I12", control="HIS1", *, rf1=RF1, pid=PID, more=(NTE, CON), **said):
    return message(header(f"REF^{event}^REF_I12", control, **said), rf1, RP, RT, pid, *more)


def connection(folder: Path, form="hl7v2/ref-i12", **settings):
    given = {"listen": "127.0.0.1:0"} | settings
    layout = mapping.load(form).layout()
    return Connection("hospital", "chu-1", "hl7v2", form, given, folder, layout, lambda _: SECRET)


@contextlib.contextmanager
def listening(to: Connection) -> Iterator[int]:
    """The port of a listener that serves."""
    with listen.opened(to) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.port
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Wire:
    """A connection as a hospital's engine holds it."""

    socket: socket.socket
    frames: Frames = field(default_factory=Frames)
    waiting: list[str] = field(default_factory=list)

    def send(self, *messages):
        self.socket.sendall(b"".join(framed(one) for one in messages))

    def hear(self, codec="utf-8"):
        """The next answer, as lines."""
        while not self.waiting:
            piece = self.socket.recv(65536)
            assert piece, "the other side has gone"
            self.waiting += [one.decode(codec) for one in self.frames.add(piece)]
        return self.waiting.pop(0).strip("\r").split("\r")

    def ask(self, one):
        self.send(one)
        return self.hear()


@contextlib.contextmanager
def dialled(port, wrap=lambda plain: plain):
    with contextlib.closing(wrap(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))) as wire:
        yield Wire(wire)


def msa(answer):
    """MSA-1 and MSA-2."""
    (line,) = [one for one in answer if one.startswith("MSA")]
    fields = line.split("|")
    return fields[1], [*fields, ""][2]


def errors(answer):
    """Place and code of each ERR."""
    lines = [one.split("|") for one in answer if one.startswith("ERR")]
    return [(line[2], line[3].split("^")[0]) for line in lines]


class Hospital:
    """Takes messages, and answers as it is told to: `answer(message) -> list of messages`."""

    def __init__(self, answer=None):
        self.taken: list[bytes] = []
        self.answer = answer or (lambda raw: [acknowledge(raw)])
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self):
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._server.close()

    def _serve(self):
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                wire, _ = self._server.accept()
                with wire:
                    wire.settimeout(5)
                    self._talk(wire)

    def _talk(self, wire):
        frames = Frames()
        while piece := wire.recv(65536):
            for raw in frames.add(piece):
                self.taken.append(raw)
                for told in self.answer(raw):
                    wire.sendall(framed(told))


def acknowledge(raw, verdict="CA", code=""):
    fields = raw.decode().split("\r")[0].split("|")
    lines = [f"MSH|^~\\&|HIS|CHU-1|IHALA|HUB|20260315101500||ACK|A{fields[9]}|P|2.5.1", f"MSA|{verdict}|{fields[9]}"]
    return message(*lines, *([f"ERR||PID^1^3|{code}|E"] if code else []))


def sent_referral():
    """A referral as the hub sends it to the hospital."""
    to = connection(Path("/nowhere"), send="127.0.0.1:1", their_name="HIS|CHU-1")
    values = {
        "pseudonym": "SC-8F2K",
        "birth_date": "2001",
        "sex": "F",
        "urgency": "S",
        "service": "Med",
        "language": "ar",
    }
    values |= {"effective": "2026-03-15", "status": "P", "note": "Consultation | certificat"}
    return refer.ref(FollowUp("1", {"referral": "T-1", "event": "new"}, values), to.layout, terms(to))


def sent_answer():
    """An answer as the hub sends it."""
    to = connection(Path("/nowhere"), send="127.0.0.1:1", their_name="HIS|CHU-1")
    told = {"RF1-1": "A", "RF1-9": "2026-03-15T10:15:00+00:00", "NTE-3": "Service rendu"}
    return answer.rri({"referral": "R-1^CHU-1", "control": "HIS1"}, told, terms(to))
