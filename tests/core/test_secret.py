from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.secret import check_strength, read_or_create


@pytest.mark.parametrize(
    "weak",
    ["short", "a" * 64, "ab" * 32, "changeme-changeme-changeme-changeme", "this-is-my-very-secret-key-1234567890"],
)
def test_a_guessable_secret_is_refused_with_the_mend(weak: str) -> None:
    with pytest.raises(ValueError, match="token_hex"):
        check_strength(weak)


def test_a_random_secret_is_accepted() -> None:
    check_strength("9f1c27be04d85a6b3e7c1f9a0d4b8e6257a3c9d1f0b6e8a4c2d7195e3b80fa6c")


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(read_or_create, [path] * 32))
    assert len(secrets) == 1
    check_strength(secrets.pop())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]
