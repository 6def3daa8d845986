"""What a client makes of an answer."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from sentinela_client.answers import LONGEST_ADVICE, Later, RefusedWhole, Stored, advice, understood
from sentinela_client.batches import MAX_BYTES, Batch, envelope
from sentinela_client.buffer import Buffer

PROBLEM = {"Content-Type": "application/problem+json"}
RECEIPT = {"accepted": 1, "rejected_count": 1, "rejected": [{"index": 1, "detail": "no"}]}


def test_only_a_receipt_counts_as_stored() -> None:
    assert understood(httpx.Response(201, json=RECEIPT)) == Stored({1: "no"})
    for portal in (httpx.Response(200, json=RECEIPT), httpx.Response(200, html="<h1>Wi-Fi</h1>"), httpx.Response(201)):
        assert isinstance(understood(portal), Later)
    moved = understood(httpx.Response(308, headers={"Location": "https://there"}))
    assert isinstance(moved, Later)
    assert "https://there" in moved.reason


@pytest.mark.parametrize("status", [400, 415, 422])
def test_readings_are_at_fault_when_sentinela_itself_says_so(status: int) -> None:
    ours = httpx.Response(status, json={"detail": "bad"}, headers=PROBLEM)
    assert isinstance(understood(ours), RefusedWhole)
    assert isinstance(understood(httpx.Response(status, html="a proxy's page")), Later)


def test_too_large_is_cut_smaller_whoever_says_it() -> None:
    assert isinstance(understood(httpx.Response(413, html="nginx")), RefusedWhole)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 408, 429, 500, 502, 503, 504])
def test_everything_else_waits(status: int) -> None:
    assert isinstance(understood(httpx.Response(status, json={"detail": "x"}, headers=PROBLEM)), Later)


def test_retry_after_is_seconds_or_a_date() -> None:
    assert understood(httpx.Response(503, headers={"Retry-After": "7"})) == Later("503 Service Unavailable", 7.0)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (advice(soon) or 0) <= 30
    assert (advice("0"), advice(""), advice("soon"), advice("999999")) == (0.0, None, None, LONGEST_ADVICE)


def test_the_same_batch_has_the_same_key_and_another_has_another() -> None:
    lines = tuple(b'{"temperature":%d}' % n for n in range(200))
    batch = Batch(tuple(range(1, 201)), lines, more=False)
    letter = envelope(batch, "b", with_key=True)
    assert letter == envelope(batch, "b", with_key=True)
    assert letter.headers["Content-Encoding"] == "gzip"
    others = [Batch((1, 2), lines[:2], more=True), Batch(tuple(range(2, 202)), lines, more=False)]
    keys = {envelope(each, "b", with_key=True).headers["Idempotency-Key"] for each in (batch, *others)}
    assert len(keys | {envelope(batch, "c", with_key=True).headers["Idempotency-Key"]}) == 4
    assert "Idempotency-Key" not in envelope(batch, "b", with_key=False).headers


def test_a_batch_is_bounded_in_bytes_and_a_larger_reading_goes_alone(tmp_path) -> None:
    buffer = Buffer(tmp_path / "b.db", 10 * MAX_BYTES)
    try:
        buffer.append([b"x" * (MAX_BYTES // 2 - 1)] * 2 + [b"y" * MAX_BYTES * 2, b"z"])
        for expected in (2, 1, 1):
            batch = buffer.take(1000)
            assert batch is not None
            assert (len(batch.lines), batch.more) == (expected, batch.lines[0] != b"z")
            buffer.settle(batch, {}, "now")
        assert buffer.take(1000) is None
    finally:
        buffer.close()
