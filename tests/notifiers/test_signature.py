from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import AuthenticationFailed, ConfigurationError
from ordercore.notifiers import sign_webhook, verify_webhook

# The vector that the libraries of the Standard Webhooks specification are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
NOW = datetime.fromtimestamp(1614265330, tz=UTC)
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OTHER = "whsec_" + b64encode(b"x" * 24).decode()


def signed(*secrets, now=NOW, body=BODY):
    return dict(sign_webhook(secrets or [SECRET], ID, body, now=now))


def refused(headers, body=BODY, secrets=(SECRET,), now=NOW):
    with pytest.raises(AuthenticationFailed) as caught:
        verify_webhook(headers, body, secrets, now=now)
    assert "whsec" not in str(caught.value)
    return caught.value


def test_the_published_vector():
    assert signed() == {"webhook-id": ID, "webhook-timestamp": "1614265330", "webhook-signature": SIGNATURE}
    assert verify_webhook(signed(), BODY, [SECRET], now=NOW) == ID


def test_names_of_headers_may_be_in_any_case():
    assert verify_webhook({name.title(): value for name, value in signed().items()}, BODY, [SECRET], now=NOW) == ID


@given(at=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_found(at, bit):
    body = bytearray(BODY)
    body[at] ^= 1 << bit
    refused(signed(), bytes(body))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_empty_or_odd_is_refused(name):
    whole = signed()
    refused({key: value for key, value in whole.items() if key != name})
    for odd in ("", " ", "\n", "x" * 5000, "v1,", "v1,é", "１６１４２６５３３０", whole[name] + "0"):
        refused({**whole, name: odd})


def test_another_id_or_time_is_not_what_was_signed():
    refused({**signed(), "webhook-id": "msg_other"})
    refused({**signed(), "webhook-timestamp": "1614265331"})


def test_a_secret_is_changed_without_losing_a_delivery():
    both = signed(OTHER, SECRET)
    assert both["webhook-signature"].count("v1,") == 2
    assert verify_webhook(both, BODY, [SECRET], now=NOW) == verify_webhook(both, BODY, [OTHER], now=NOW) == ID
    assert verify_webhook(signed(OTHER), BODY, [OTHER, SECRET], now=NOW) == ID
    refused(signed(OTHER), secrets=[SECRET])


def test_nobody_is_believed_without_a_secret():
    refused(signed(), secrets=())


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("text", ["\udcff", "v1,\udcff", "é", ""])
def test_a_header_that_is_no_text_is_refused_as_any_other(name, text):
    refused({**signed(), name: text})


def test_a_signature_of_another_scheme_is_passed_over():
    headers = {**signed(), "webhook-signature": f"v1a,abc {SIGNATURE}"}
    assert verify_webhook(headers, BODY, [SECRET], now=NOW) == ID


@pytest.mark.parametrize(("seconds", "accepted"), [(300, True), (301, False), (-60, True), (-61, False)])
def test_a_delivery_is_accepted_for_five_minutes(seconds, accepted):
    now = NOW + timedelta(seconds=seconds)
    if accepted:
        assert verify_webhook(signed(), BODY, [SECRET], now=now) == ID
    else:
        assert refused(signed(), now=now).seconds == seconds


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_short", "whsec_!!!!", "whsec_" + b64encode(b"x" * 65).decode()]
)
def test_a_secret_that_does_not_read_is_refused_and_not_repeated(secret):
    with pytest.raises(ConfigurationError) as caught:
        sign_webhook([secret], ID, BODY, now=NOW)
    assert not secret or secret not in str(caught.value).replace('"whsec_"', "")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_signed_verifies_and_junk_does_not(body, junk):
    assert verify_webhook(signed(body=body), body, [SECRET], now=NOW) == ID
    refused({**signed(body=body), "webhook-signature": junk}, body)
