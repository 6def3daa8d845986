"""Which requests get a line in the access log, by its settings."""

import pytest

from app.core.access_log import AccessLog
from app.core.settings import Settings

READ, STORED, PROBE = ("GET", "/data", 200), ("POST", "/data", 201), ("GET", "/readyz", 200)


def log_of(lines: str = "all", one_in: int = 0) -> AccessLog:
    return AccessLog(Settings(_env_file=None, access_log=lines, access_log_ingest=one_in))


@pytest.mark.parametrize(
    ("lines", "request_", "wanted"),
    [
        ("all", READ, True),
        ("all", STORED, False),
        ("all", PROBE, False),
        ("all", ("POST", "/data", 422), True),
        ("all", ("GET", "/readyz", 503), True),
        ("errors", READ, False),
        ("errors", ("GET", "/servers", 404), True),
        ("off", READ, False),
        ("off", ("GET", "/servers", 500), False),
    ],
)
def test_a_line_is_written_as_the_setting_says(lines: str, request_: tuple[str, str, int], wanted: bool) -> None:
    assert log_of(lines).wants(*request_) is wanted


def test_one_in_so_many_stored_requests_gets_a_line_whichever_way_it_comes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = log_of(one_in=100)
    by_the_route = sum(log.wants(*STORED) for _ in range(1000))
    for _ in range(100):
        log.note_readings([0.001] * 7)
    lines = [line for line in capsys.readouterr().out.splitlines() if "one_in" in line]
    assert (by_the_route, len(lines)) == (10, 7)


@pytest.mark.parametrize("lines", ["errors", "off"])
def test_stored_requests_follow_the_log_as_a_whole(lines: str) -> None:
    log = log_of(lines, one_in=1)
    assert not log.every_reading
    assert not log.wants(*STORED)
