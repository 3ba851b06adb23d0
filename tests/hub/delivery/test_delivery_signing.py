"""Signatures as Standard Webhooks say: what the specification's own library signs, and what no receiver takes."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.delivery.signing import TOLERANCE, is_signed, secret, signed

NOW = datetime(2026, 6, 1, 9, 0, 0, 500_000, tzinfo=UTC)
OLD, NEW, OTHER = (secret(bytes([n]) * 32) for n in (1, 2, 3))
BODY = b'{"resourceType":"Bundle"}'


def test_a_signature_is_the_one_that_the_specification_gives() -> None:
    """The example of the reference libraries."""
    at = datetime.fromtimestamp(1614265330, UTC)
    made = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_whoever_knows_the_secret_knows_the_sender() -> None:
    made = signed("a1", NOW, BODY, [NEW])
    assert is_signed(made, BODY, [NEW], NOW)
    assert not is_signed(made, BODY, [OTHER], NOW)


def test_while_secrets_change_the_old_one_and_the_new_one_are_known() -> None:
    made = signed("a1", NOW, BODY, [NEW, OLD])
    assert is_signed(made, BODY, [OLD], NOW) and is_signed(made, BODY, [NEW], NOW)
    assert not is_signed(made, BODY, [OTHER], NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "a2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 40},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a,é"},
    ],
)
def test_what_was_changed_on_the_way_is_refused(changed: dict[str, str]) -> None:
    assert not is_signed(signed("a1", NOW, BODY, [NEW]) | changed, BODY, [NEW], NOW)


def test_a_body_that_was_changed_is_refused() -> None:
    assert not is_signed(signed("a1", NOW, BODY, [NEW]), BODY + b" ", [NEW], NOW)


@pytest.mark.parametrize("by", [TOLERANCE + timedelta(seconds=2), -TOLERANCE - timedelta(seconds=2)])
def test_what_is_old_or_of_the_future_is_refused(by: timedelta) -> None:
    made = signed("a1", NOW, BODY, [NEW])
    assert not is_signed(made, BODY, [NEW], NOW + by)
    assert is_signed(made, BODY, [NEW], NOW + by / 2)


@pytest.mark.parametrize("written", ["", "whsec_", "whsec_é", "whsec_AAAA", "whsec_" + "A" * 100, "not base64 at all"])
def test_what_is_no_secret_is_refused_and_not_quoted(written: str) -> None:
    with pytest.raises(ValueError, match=r"^no secret$"):
        signed("a1", NOW, BODY, [written])


def test_nothing_is_signed_without_a_secret_or_with_an_id_that_could_be_read_in_two_ways() -> None:
    with pytest.raises(ValueError):
        signed("a1", NOW, BODY, [])
    with pytest.raises(ValueError):
        signed("a.1", NOW, BODY, [NEW])
    with pytest.raises(ValueError):
        secret(b"short")
