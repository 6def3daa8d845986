"""gzip and zstd: opened within bounds, whatever they claim to hold."""

import gzip
import io
import subprocess
import sys
from collections.abc import Callable

import pyarrow as pa
import pytest

from app.core.errors import Invalid, TooLarge, UnsupportedMediaType
from app.readings import formats
from app.readings.formats.compression import open_decompressed
from tests.readings.formats.bombs import BOMB

MAX_BYTES, MAX_RATIO = 64 * 2**20, 200
ROW = b'{"server_ulid": "01JAR7F6XK3V0B8M2N4P6Q8S0T", "timestamp": "2026-01-31T12:00:00Z", "voltage": %d}\n'
READINGS = b"".join(ROW % number for number in range(5000))


def zstd(body: bytes) -> bytes:
    return pa.compress(body, codec="zstd", asbytes=True)  # type: ignore[no-any-return]


CODECS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd}


def opened(body: bytes, encoding: str | None, max_bytes: int = MAX_BYTES) -> io.BufferedIOBase:
    return open_decompressed(io.BytesIO(body), encoding, max_bytes=max_bytes, max_ratio=MAX_RATIO)  # type: ignore[return-value]


def read_through(body: bytes, encoding: str, media_type: str) -> int:
    chunks = formats.decode(opened(body, encoding), media_type, formats.Options(server_ulid="s"), ())
    return sum(len(chunk.columns) for chunk in chunks)


@pytest.mark.parametrize("name", [*CODECS, "GZIP", " zstd ", "x-gzip"])
def test_what_was_packed_comes_out(name: str) -> None:
    codec = CODECS[name.strip().lower().removeprefix("x-")]
    assert opened(codec(READINGS), name).read() == READINGS
    assert read_through(codec(READINGS), name, "application/x-ndjson") == 5000


@pytest.mark.parametrize("name", [None, "", "identity"])
def test_without_an_encoding_the_body_is_as_it_is(name: str | None) -> None:
    assert opened(READINGS, name).read() == READINGS


def test_bombs_are_refused_while_memory_stays_flat() -> None:
    """In a process of its own: the peak of this one says nothing."""
    command = [sys.executable, "-m", "tests.readings.formats.bombs"]
    grown = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown < BOMB / 8


# Half a million faults: some 8 s.
@pytest.mark.long
def test_bodies_of_nothing_but_faults_keep_memory_flat() -> None:
    command = [sys.executable, "-m", "tests.readings.formats.garbage"]
    assert int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) < 250 * 2**20


@pytest.mark.parametrize("encoding", CODECS)
def test_the_opened_body_has_a_limit_of_its_own(encoding: str) -> None:
    packed = CODECS[encoding](READINGS)
    assert len(opened(packed, encoding, len(READINGS)).read()) == len(READINGS)
    with pytest.raises(TooLarge):
        opened(packed, encoding, len(READINGS) - 1).read()


@pytest.mark.parametrize("encoding", CODECS)
@pytest.mark.parametrize("damage", [lambda body: body[:-20], lambda body: body[:50], lambda body: b"x" + body])
def test_a_damaged_body_is_refused(encoding: str, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Invalid):
        opened(damage(CODECS[encoding](READINGS)), encoding).read()


def test_other_encodings_are_refused_with_those_that_are_taken() -> None:
    with pytest.raises(UnsupportedMediaType, match="gzip, zstd"):
        opened(READINGS, "br")
