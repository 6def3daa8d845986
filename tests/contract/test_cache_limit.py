"""A workspace holds 10,000 keys: the next one is refused, and nothing else is disturbed."""

import httpx
import pytest

from tests.conftest import User
from tests.contract.burst import burst, json_request
from tests.contract.problems import assert_problem
from tests.system import System

LIMIT = 10_000
CONNECTIONS = 16


def put(client: httpx.Client, user: User, key: str) -> httpx.Response:
    return client.post("/cache/set", json={"key": key, "value": "new"}, headers=user.headers)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_past_ten_thousand_keys_a_new_one_is_refused(
    client: httpx.Client, system: System, user: User, stranger: User
) -> None:
    keys = [str(number) for number in range(LIMIT)]
    requests = [json_request("/cache/set", {"key": key, "value": "old"}, user.headers) for key in keys]
    answers = burst(system.url, [requests[lane::CONNECTIONS] for lane in range(CONNECTIONS)])
    assert {answer.status for lane in answers for answer in lane} == {200}
    refused = put(client, user, "one more")
    assert 400 <= refused.status_code < 500
    assert_problem(refused, refused.status_code)
    assert_problem(client.get("/cache/get/one more", headers=user.headers), 404)
    assert put(client, user, "77").status_code == 200, "a key that is there may change"
    assert client.get("/cache/get/77", headers=user.headers).json()["value"] == "new"
    assert client.get("/cache/get/78", headers=user.headers).json()["value"] == "old"
    assert put(client, stranger, "one more").status_code == 200, "another workspace has its own room"
