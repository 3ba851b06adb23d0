"""What a hospital hears, and what is on the disk when it hears it."""

import ipaddress
import os
import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.hl7v2 import adapter, spool
from adapters.hl7v2.listen import opened
from adapters.hl7v2.mllp import framed
from adapters.hl7v2.reception import Reception
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import terms
from hub.errors import AdapterError, Fatal
from hub.ports import SourceRecord
from tests.support.hl7v2 import (
    PID,
    RF1,
    SECRET,
    Hospital,
    connection,
    dialled,
    errors,
    header,
    listening,
    message,
    msa,
    ref,
)
from tests.support.patience import until


@pytest.fixture
def hospital(tmp_path):
    return connection(tmp_path)


@pytest.fixture
def wire(hospital):
    with listening(hospital) as port, dialled(port) as found:
        yield found


def records(of):
    return [one for one in adapter.pull(of, None) if isinstance(one, SourceRecord)]


# --- acknowledgements ------------------------------------------------------------------------------------------------


def test_in_original_mode_every_message_is_answered_once_with_its_number(wire):
    assert msa(wire.ask(ref())) == ("AA", "HIS1")


@pytest.mark.parametrize(
    ("modes", "well", "ill"),
    [
        ("AL|AL", ["CA"], ["CE"]),
        ("AL|NE", ["CA"], ["CE"]),
        ("SU|NE", ["CA"], []),
        ("ER|NE", [], ["CE"]),
        ("NE|NE", [], []),
        ("NE|AL", [], ["AE"]),
        ("NE|ER", [], ["AE"]),
    ],
)
def test_in_enhanced_mode_msh_15_and_16_say_when_the_sender_wants_to_hear(tmp_path, modes, well, ill):
    found = terms(connection(tmp_path))
    taking = Reception(found, Spool(found.spool, SECRET))
    assert verdicts(taking.take(ref(control="A", modes=modes))) == well
    assert verdicts(taking.take(ref(control="B", modes=modes, pid="PID|1"))) == ill


def test_what_is_no_referral_gets_its_application_answer_too(tmp_path):
    found = terms(connection(tmp_path))
    told = Reception(found, Spool(found.spool, SECRET)).take(
        message(header("ADT^A04^ADT_A01", modes="AL|AL"), "EVN|A04|20260315", PID, "PV1|1|O")
    )
    assert verdicts(told) == ["CA", "AA"]


def verdicts(sent):
    return [line.split(b"|")[1].decode() for line in sent.split(b"\r") if line.startswith(b"MSA")]


@pytest.mark.parametrize(
    ("raw", "verdict", "place", "code"),
    [
        (ref(rf1="RF1|P|S|Med"), "AE", "RF1^1^6", "101"),
        (ref(pid="PID|1||"), "AE", "PID^1^3", "101"),
        (ref(pid='PID|1||""'), "AE", "PID^1^3", "101"),
        (ref(rf1=RF1.replace("RF1|", "RFX|")), "AE", "RF1", "100"),
        (ref(event="I99"), "AR", "MSH^1^9^1^2", "201"),
        (message(header("ORU^R01"), PID), "AR", "MSH^1^9^1^1", "200"),
        (ref(version="3.0"), "AR", "MSH^1^12", "203"),
        (ref(version=""), "AR", "MSH^1^12", "203"),
        (ref(processing="T"), "AR", "MSH^1^11", "202"),
        (ref(control=""), "AR", "MSH^1^10", "101"),
        (message(header("ADT^A40^ADT_A39"), PID, "MRG|P-78"), "AR", "MSH^1^9^1^2", "201"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_code_and_without_content(wire, hospital, raw, verdict, place, code):
    answer = wire.ask(raw)
    assert msa(answer)[0] == verdict
    assert errors(answer) == [(place, code)]
    assert not any(word in "".join(answer) for word in ("Fictif", "Nadia", "P-77", "AB12345", "R-2026"))
    assert records(hospital) == []


@pytest.mark.parametrize("said", ["T", "D", "", "p"])
def test_what_is_not_of_the_mode_that_is_taken_is_rejected(wire, hospital, said):
    answer = wire.ask(ref(processing=said))
    assert (msa(answer)[0], errors(answer)) == ("AR", [("MSH^1^11", "202")])
    assert records(hospital) == []


def test_a_connection_for_training_takes_training_and_nothing_else(tmp_path):
    to = connection(tmp_path, processing="T")
    with listening(to) as port, dialled(port) as wire:
        assert msa(wire.ask(ref(processing="T")))[0] == "AA"
        assert msa(wire.ask(ref(control="HIS2")))[0] == "AR"


@pytest.mark.parametrize("version", ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8"])
def test_versions_from_2_3_to_2_8_are_taken(wire, version):
    assert msa(wire.ask(ref(version=version)))[0] == "AA"


def test_before_version_2_5_an_error_stands_in_err_1(wire):
    (line,) = [one for one in wire.ask(ref(version="2.4", pid="PID|1")) if one.startswith("ERR")]
    assert line == "ERR|PID^1^3^101&Required field missing&HL70357"


def test_what_is_no_message_is_rejected_and_the_connection_stays_open(wire):
    assert msa(wire.ask(b"hello"))[0] == "AR"
    assert msa(wire.ask(ref()))[0] == "AA"


def test_an_answer_is_in_the_delimiters_and_the_charset_of_the_question(tmp_path):
    found = terms(connection(tmp_path))
    raw = "MSH#*+?!#HIS#مستشفى#IHALA#HUB#20260315##REF*I12#N1#P#2.5.1######8859/6\rRF1#P#S#Med###R-1\rPID#1##7\r"
    told = Reception(found, Spool(found.spool, SECRET)).take(raw.encode("iso8859-6")).decode("iso8859-6")
    assert told.startswith("\x0bMSH#*+?!#IHALA#HUB#HIS#مستشفى#")
    assert "MSA#AA#N1\r" in told


def test_only_those_who_are_named_may_send(tmp_path):
    to = connection(tmp_path, senders=["HIS|CHU-2"])
    with listening(to) as port, dialled(port) as wire:
        answer = wire.ask(ref())
    assert (msa(answer)[0], errors(answer)) == ("AR", [("MSH^1^3", "204")])


# --- sent again ------------------------------------------------------------------------------------------------------


def test_a_message_that_is_sent_again_gets_the_same_answer_and_is_taken_once(wire, hospital):
    first = wire.ask(ref())
    again = wire.ask(ref().replace(b"|20260315101500+0000||REF", b"|20260315102000+0000||REF", 1))
    assert again == first
    assert len(records(hospital)) == 1


def test_it_gets_the_same_answer_after_the_listener_was_started_anew(hospital):
    with listening(hospital) as port, dialled(port) as wire:
        first = wire.ask(ref())
    with listening(hospital) as port, dialled(port) as wire:
        assert wire.ask(ref()) == first
    assert len(records(hospital)) == 1


def test_another_message_under_a_number_that_was_used_is_refused_and_not_lost_as_the_first(wire):
    wire.ask(ref())
    answer = wire.ask(ref(pid=PID.replace("Nadia", "Salma")))
    assert (msa(answer)[0], errors(answer)) == ("AE", [("MSH^1^10", "205")])


def test_two_senders_may_count_alike(wire, hospital):
    wire.ask(ref())
    other = ref(rf1=RF1.replace("000123^CHU-1", "000123^CHU-2")).replace(b"|HIS|CHU-1|", b"|HIS|CHU-2|", 1)
    assert msa(wire.ask(other))[0] == "AA"
    assert len({one.id for one in records(hospital)}) == 2


def test_a_message_that_was_mended_may_keep_its_number(wire):
    assert msa(wire.ask(ref(pid="PID|1")))[0] == "AE"
    assert msa(wire.ask(ref()))[0] == "AA"


# --- on the wire -----------------------------------------------------------------------------------------------------


def test_several_messages_of_one_connection_are_answered_in_their_order(wire):
    wire.send(*(ref(control=f"N{number}") for number in range(5)))
    assert [msa(wire.hear())[1] for _ in range(5)] == ["N0", "N1", "N2", "N3", "N4"]


def test_a_message_may_come_in_pieces(wire):
    for byte in framed(ref()):
        wire.socket.sendall(bytes([byte]))
    assert msa(wire.hear()) == ("AA", "HIS1")


def test_a_message_that_is_too_large_ends_the_connection_and_is_nowhere(tmp_path):
    to = connection(tmp_path, largest_bytes=2000)
    with listening(to) as port, dialled(port) as wire:
        wire.send(ref(more=("NTE|1|L|" + "x" * 5000,)))
        with pytest.raises((AssertionError, ConnectionError)):
            wire.hear()
        with dialled(port) as another:
            assert msa(another.ask(ref()))[0] == "AA"
    assert len(records(to)) == 1


def test_a_silent_connection_is_closed(tmp_path):
    with listening(connection(tmp_path, idle_seconds=1)) as port, dialled(port) as wire:
        assert wire.socket.recv(1) == b""


def test_half_a_message_is_no_message(hospital):
    with listening(hospital) as port:
        with dialled(port) as wire:
            wire.socket.sendall(b"\x0b" + ref()[:200])
        with dialled(port) as wire:
            wire.ask(ref(control="HIS2"))
    assert [one.handle["control"] for one in records(hospital)] == ["HIS2"]


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificates(tmp_path):
    """One certificate for 127.0.0.1, and another that nobody knows."""
    for name in ("known", "other"):
        write_certificate(tmp_path, name)
    return tmp_path


def write_certificate(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def client_side(folder, certificate=None):
    context = ssl.create_default_context(cafile=folder / "known.pem")
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
    return lambda plain: context.wrap_socket(plain, server_hostname="127.0.0.1")


TLS = {"certificate": "known.pem", "key": "known.key"}


def test_messages_pass_in_tls(certificates):
    with listening(connection(certificates, **TLS)) as port, dialled(port, client_side(certificates)) as wire:
        assert wire.socket.version() in {"TLSv1.2", "TLSv1.3"}
        assert msa(wire.ask(ref()))[0] == "AA"


def test_who_does_not_speak_tls_is_not_heard(certificates):
    to = connection(certificates, **TLS)
    with listening(to) as port, dialled(port) as wire:
        wire.send(ref())
        with pytest.raises((AssertionError, ConnectionError)):
            while True:
                wire.hear()
    assert records(to) == []


def test_with_an_authority_of_clients_nobody_comes_in_without_a_certificate_of_it(certificates):
    to = connection(certificates, **TLS, client_ca="known.pem")
    with listening(to) as port:
        with dialled(port, client_side(certificates, "known")) as wire:
            assert msa(wire.ask(ref()))[0] == "AA"
        for stranger in (None, "other"):
            refused = pytest.raises((ssl.SSLError, ConnectionError, AssertionError))
            with refused, dialled(port, client_side(certificates, stranger)) as wire:
                wire.ask(ref(control="STRANGER"))
    assert [one.handle["control"] for one in records(to)] == ["HIS1"]


@pytest.mark.parametrize("given", [{"listen": "0.0.0.0:0"}, {"listen": "", "send": "his.example:2575"}])
def test_nothing_passes_in_the_clear_beyond_this_machine(tmp_path, given):
    with pytest.raises(Fatal, match="hl7v2-insecure"):
        terms(connection(tmp_path, **given))


# --- the disk --------------------------------------------------------------------------------------------------------


def test_a_message_is_synchronised_to_the_disk_before_it_is_acknowledged(tmp_path, monkeypatch):
    found = terms(connection(tmp_path))
    seen = []
    synchronise = os.fsync
    monkeypatch.setattr(spool.os, "fsync", lambda handle: (seen.append("disk"), synchronise(handle))[1])
    taking = Reception(found, Spool(found.spool, SECRET))
    seen.clear()
    taking.take(ref())
    assert seen.count("disk") >= 2  # the file, and the folder that names it


def test_a_full_disk_is_told_and_nothing_is_promised(tmp_path, monkeypatch):
    found = terms(connection(tmp_path))
    taking = Reception(found, Spool(found.spool, SECRET))

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool.os, "fsync", full)
    told = taking.take(ref())
    assert verdicts(told) == ["AE"]
    assert b"207" in told


def test_nothing_on_the_disk_can_be_read_without_the_secret(wire, hospital, tmp_path):
    wire.ask(ref())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        assert not any(word in path.read_bytes() for word in (b"Nadia", b"P-77", b"R-2026", b"HIS1"))
        assert not any(word in path.name for word in ("Nadia", "P-77", "R-2026", "HIS1"))
        assert path.stat().st_mode & 0o077 == 0


def test_another_secret_is_told_and_loses_nothing(wire, hospital, tmp_path):
    wire.ask(ref())
    with pytest.raises(AdapterError, match="hl7v2-spool-secret"):
        records(replace(hospital, secret=lambda _: "another"))
    assert len(records(hospital)) == 1


def test_numbers_rise_even_where_the_clock_was_set_back(tmp_path, monkeypatch):
    Spool(tmp_path, SECRET).put(b"one")
    monkeypatch.setattr(spool.time, "time_ns", lambda: 1000)
    Spool(tmp_path, SECRET).put(b"two")
    assert [raw for _, raw in Spool(tmp_path, SECRET).pending("")] == [b"one", b"two"]


def test_answers_are_forgotten_after_a_month(tmp_path):
    kept = Spool(tmp_path, SECRET)
    kept.answer("key", "content", b"told")
    kept.tidy(time.time() + 29 * 86_400)
    assert kept.answered("key", "content") == b"told"
    kept.tidy(time.time() + 32 * 86_400)
    assert kept.answered("key", "content") is None


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Fatal, match="hl7v2-port"):
            opened(connection(tmp_path, listen=f"127.0.0.1:{port}"))


# --- how a referral stands (I15) -------------------------------------------------------------------------------------


def test_a_question_how_a_referral_stands_is_answered_with_an_rri_and_is_no_record(tmp_path):
    with Hospital() as his:
        to = connection(tmp_path, send=his.address, their_name="HIS|CHU-1")
        with listening(to) as port, dialled(port) as wire:
            assert msa(wire.ask(ref("I15", "ASK1")))[0] == "AA"
            until(lambda: his.taken)
    lines = his.taken[0].decode().split("\r")
    assert "|RRI^I12^RRI_I12|" in lines[0]
    assert lines[1] == "MSA|AA|ASK1"
    assert lines[2] == "RF1|P^^HL70283|||||R-2026-000123^CHU-1"
    assert records(to) == []


def test_messages_are_forgotten_some_days_after_the_hub_has_them_and_no_sooner(wire, hospital, tmp_path, monkeypatch):
    wire.ask(ref())
    *_, reached = adapter.pull(hospital, None)
    assert list(adapter.pull(hospital, reached)) == []
    assert len(records(hospital)) == 1
    later = time.time() + 8 * 86_400
    monkeypatch.setattr(spool.time, "time", lambda: later)
    assert len(records(hospital)) == 1  # the hub has said of none that it is stored
    assert list(adapter.pull(hospital, reached)) == []
    assert records(hospital) == []
