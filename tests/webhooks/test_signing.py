"""What is signed here is verified by the reference library."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from core.webhooks import SCHEDULE_S, headers, new_secret, pause_s, payload, signature


def test_the_reference_library_verifies_it() -> None:
    secret, other = new_secret(), new_secret()
    body = payload("job.succeeded", "2026-11-22T12:00:00.000Z", {"job": "job_1", "note": "süß"})
    sent = headers([secret], "msg_1", int(datetime.now(UTC).timestamp()), body)
    assert Webhook(secret).verify(body, dict(sent))["data"]["job"] == "job_1"
    for wrong in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(sent["webhook-timestamp"]) + 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, {**sent, **wrong})
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", dict(sent))
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body, dict(sent))


def test_either_of_two_secrets_verifies_what_both_have_signed() -> None:
    old, new = new_secret(), new_secret()
    body = payload("job.failed", "2026-11-22T12:00:00.000Z", {})
    sent = dict(headers([new, old], "msg_1", int(datetime.now(UTC).timestamp()), body))
    for secret in (old, new):
        Webhook(secret).verify(body, sent)


def test_the_example_of_the_specification_is_signed_as_there() -> None:
    """`msg_p5jXN8AQM9LWM0D4loKWxJek` of the reference libraries' tests."""
    body = b'{"test": 2432232314}'
    assert (
        signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_it_is_tried_for_three_days_ever_more_rarely() -> None:
    pauses = []
    while (pause := pause_s(len(pauses) + 1)) is not None:
        pauses.append(pause)
    assert tuple(pauses) == SCHEDULE_S == tuple(sorted(pauses))
    assert 3 <= sum(pauses) / 86_400 <= 4
