import os
from pathlib import Path

import pytest

from app.embedded.errors import StartError
from app.embedded.folder import MAX_LOG_BYTES, DataFolder, read_json, write_json


def test_second_user_of_a_folder_is_told_who_has_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with (
        DataFolder(folder),
        pytest.raises(StartError, match=f"another `sentinela up` \\(process {os.getpid()}\\) is using {folder}"),
        DataFolder(folder),
    ):
        pass
    with DataFolder(folder):
        pass


def test_folder_under_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    expected = f"cannot write to the data folder {tmp_path}/file/data: Not a directory; choose another with --data-dir"
    with pytest.raises(StartError, match=expected), DataFolder(tmp_path / "file" / "data"):
        pass


def test_facts_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("{")
    path.chmod(0o644)
    assert read_json(path) == {}
    write_json(path, {"port": 5})
    assert read_json(path) == {"port": 5}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_grown_log_is_set_aside(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as folder:
        path = folder.log("postgres")
        path.write_bytes(b"x" * (MAX_LOG_BYTES + 1))
        assert folder.log("postgres") == path
        assert not path.exists()
        assert path.with_suffix(".log.1").stat().st_size == MAX_LOG_BYTES + 1
