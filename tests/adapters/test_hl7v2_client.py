"""Sending to a hospital: what it answers, and what becomes of a message that it does not take."""

import contextlib
import socket
import threading

import pytest

from adapters.hl7v2 import adapter, client
from adapters.hl7v2.client import send
from adapters.hl7v2.terms import terms
from hub.errors import Fatal, Retriable
from hub.ports import FollowUp
from tests.adapters.test_hl7v2_reception import certificates  # noqa: F401 — a fixture
from tests.support.hl7v2 import Hospital, acknowledge, connection, listening, sent_answer

HANDLE = {"referral": "R-1^CHU-1", "control": "HIS1"}


def to(folder, his, **settings):
    return terms(connection(folder, send=his.address, their_name="HIS|CHU-1", **settings))


def test_a_message_is_sent_when_it_was_acknowledged(tmp_path):
    with Hospital() as his:
        send([sent_answer(), sent_answer()], to(tmp_path, his))
        assert len(his.taken) == 2


@pytest.mark.parametrize(("verdict", "code"), [("CE", "101"), ("CR", "203"), ("AE", "207"), ("AR", "")])
def test_a_refusal_is_told_with_its_code_and_nothing_of_the_message(tmp_path, verdict, code):
    with Hospital(lambda raw: [acknowledge(raw, verdict, code)]) as his, pytest.raises(Fatal) as refused:
        send([sent_answer()], to(tmp_path, his))
    assert (refused.value.text, refused.value.params) == (
        "adapters.hl7v2-refused",
        {"verdict": verdict, "code": code or "-"},
    )


def test_an_answer_to_an_earlier_message_is_no_answer_to_this_one(tmp_path):
    late = sent_answer().replace(b"|P|2.5.1", b"|P|2.5", 1)

    def answer(raw):
        return [acknowledge(late.replace(b"RRI^I12^RRI_I12|", b"RRI^I12^RRI_I12|OLD", 1)), acknowledge(raw)]

    with Hospital(answer) as his:
        send([sent_answer()], to(tmp_path, his))


@pytest.mark.parametrize("answers", [[b"nonsense"], [b"MSH|^~\\&|A\rMSA"]])
def test_an_answer_that_makes_no_sense_is_tried_again(tmp_path, answers, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.5)
    with Hospital(lambda _: answers) as his, pytest.raises(Retriable):
        send([sent_answer()], to(tmp_path, his))


def test_a_silent_hospital_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.3)
    with Hospital(lambda _: []) as his, pytest.raises(Retriable, match="hl7v2-slow"):
        send([sent_answer()], to(tmp_path, his))


def hang_up(server):
    server.accept()[0].close()


def test_a_hospital_that_hangs_up_is_tried_again(tmp_path):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=hang_up, args=(server,), daemon=True).start()
        found = terms(connection(tmp_path, send=f"127.0.0.1:{server.getsockname()[1]}"))
        with pytest.raises(Retriable, match="hl7v2-unreachable"):
            send([sent_answer()], found)


def test_a_follow_up_that_is_sent_again_has_the_number_that_it_had(tmp_path):
    numbers = []
    with Hospital() as his:
        of = connection(tmp_path, send=his.address, their_name="HIS|CHU-1")
        for _ in range(2):
            adapter.push(of, [FollowUp("task", HANDLE, {"status": "A"})])
        adapter.push(of, [FollowUp("task", HANDLE, {"status": "R"})])
        numbers = [raw.split(b"|")[9] for raw in his.taken]
    assert numbers[0] == numbers[1] != numbers[2]


def test_what_is_sent_passes_in_tls_to_a_hospital_that_is_known(certificates):  # noqa: F811
    hospital = connection(certificates, certificate="known.pem", key="known.key")
    with listening(hospital) as port:
        ours = terms(connection(certificates, send=f"127.0.0.1:{port}", server_ca="known.pem"))
        send([sent_answer()], ours)
        stranger = terms(connection(certificates, send=f"127.0.0.1:{port}", server_ca="other.pem"))
        with pytest.raises(Fatal, match="hl7v2-certificate"):
            send([sent_answer()], stranger)
