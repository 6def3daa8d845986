"""What InfluxDB's clients send is stored once, and they understand what they are told."""

import gzip
import os
from typing import Any

import httpx
import pytest
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError
from influxdb_client import InfluxDBClient as InfluxDBClient2
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.conftest import Server, User
from tests.contract.calls import column, new_key, readings, readings_of, unique
from tests.contract.problems import assert_problem
from tests.system import System

COUNT = 100_000 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 4_000
BATCH = 2_000
# 2026-01-01T00:00:00Z
BEGIN = 1_767_225_600


def lines(server: str, count: int, first: int = 0) -> list[str]:
    return [
        f"weather,server={server} temperature={20 + n % 10 / 10},humidity={n % 100} {BEGIN + n}"
        for n in range(first, first + count)
    ]


def write(client: httpx.Client, key: str, body: str | bytes, path: str = "/write", **params: str) -> httpx.Response:
    headers = {"Authorization": f"Token {key}"}
    return client.post(path, content=body, params={"precision": "s", **params}, headers=headers)


def served(client: httpx.Client, user: User, **wishes: Any) -> str:
    """A key that may write."""
    key: str = new_key(client, user, scopes=["write"], **wishes)["key"]
    return key


@pytest.mark.parametrize("header", [b"Basic \xe9\xe8", b"Basic %%%", b"Basic " + b"/" * 4, b"Token", b"Digest x"])
def test_a_credential_that_cannot_be_read_is_refused_as_one(client: httpx.Client, header: bytes) -> None:
    assert_problem(client.post("/write", content=b"m value=1", headers={b"Authorization": header}), 401)


def test_the_client_of_version_1_writes_all_of_it_once(
    system: System, client: httpx.Client, user: User, server: Server
) -> None:
    url = httpx.URL(system.url)
    theirs = InfluxDBClient(url.host, url.port, "any", served(client, user), "any")
    try:
        assert theirs.ping()
        for first in range(0, COUNT, BATCH):
            batch = lines(server.ulid, BATCH, first)
            assert theirs.write_points(batch, time_precision="s", protocol="line")
        theirs.write_points(lines(server.ulid, 10), time_precision="s", protocol="line")
    finally:
        theirs.close()
    counted = readings_of(client, user, server, function="count", sensor_type="temperature")
    assert column(counted, "temperature") == [COUNT]


def test_the_client_of_version_2_writes_all_of_it_once(
    system: System, client: httpx.Client, user: User, server: Server
) -> None:
    with InfluxDBClient2(url=system.url, token=served(client, user), org="any", enable_gzip=True) as theirs:
        assert theirs.ping()
        api = theirs.write_api(write_options=SYNCHRONOUS)
        for first in range(0, COUNT, BATCH):
            api.write("any", record=lines(server.ulid, BATCH, first), write_precision="s")
    counted = readings_of(client, user, server, function="count", sensor_type="humidity")
    assert column(counted, "humidity") == [COUNT]


def test_both_clients_show_what_was_refused(system: System, client: httpx.Client, user: User, server: Server) -> None:
    body = [*lines(server.ulid, 2), "weather,server=nobody temperature=1", "nonsense"]
    url = httpx.URL(system.url)
    theirs = InfluxDBClient(url.host, url.port, "any", served(client, user), "any")
    try:
        with pytest.raises(InfluxDBClientError, match=r"partial write: line 3: .*nobody.*line 4: .*dropped=2"):
            theirs.write_points(body, time_precision="s", protocol="line")
    finally:
        theirs.close()
    with InfluxDBClient2(url=system.url, token="snt_k_wrong", org="any") as second:
        with pytest.raises(InfluxDBError) as refused:
            second.write_api(write_options=SYNCHRONOUS).write("any", record=lines(server.ulid, 1))
        assert refused.value.response.status == 401
    assert len(readings_of(client, user, server)) == 2


@pytest.mark.parametrize(
    ("precision", "instant"),
    [("ns", "1767225600123456789"), ("u", "1767225600123456"), ("us", "1767225600123456"), ("ms", "1767225600123"),
     ("s", "1767225600"), ("m", "29453760"), ("h", "490896")],
)  # fmt: skip
def test_instants_count_in_the_unit_asked_for(
    client: httpx.Client, user: User, server: Server, precision: str, instant: str
) -> None:
    body = f"m,server={server.ulid} temperature=1 {instant}"
    assert write(client, served(client, user), body, precision=precision).status_code == 204
    fraction = {"ns": ".123456", "u": ".123456", "us": ".123456", "ms": ".123000"}.get(precision, "")
    assert column(readings_of(client, user, server), "timestamp") == [f"2026-01-01T00:00:00{fraction}Z"]


def test_without_an_instant_it_is_the_arrivals(client: httpx.Client, user: User, server: Server) -> None:
    assert write(client, served(client, user), f"m,server={server.ulid} temperature=1").status_code == 204
    assert len(readings_of(client, user, server, start_time="2026-01-02T00:00:00Z")) == 1


def test_points_name_a_server_by_its_name_and_several_lines_are_one_reading(
    client: httpx.Client, user: User, server: Server
) -> None:
    name = server.name
    body = f"# a comment\n\ntemperature,host={name} value=20.5 {BEGIN}\nhumidity,host={name} value=40 {BEGIN}\n"
    assert write(client, served(client, user), body).status_code == 204
    (row,) = readings_of(client, user, server)
    assert (row["temperature"], row["humidity"]) == (20.5, 40)


def test_other_fields_and_tags_become_custom_quantities(client: httpx.Client, user: User, server: Server) -> None:
    body = "\n".join(f"cpu,server={server.ulid},cpu=cpu{n} usage_idle={90 + n} {BEGIN}" for n in range(2))
    assert write(client, served(client, user), body).status_code == 204
    (row,) = readings_of(client, user, server)
    assert (row["cpu_usage_idle_cpu0"], row["cpu_usage_idle_cpu1"]) == (90, 91)


def test_a_device_key_needs_no_tag(client: httpx.Client, user: User, server: Server) -> None:
    assert write(client, server.headers["Authorization"].split()[1], f"temperature value=5 {BEGIN}").status_code == 204
    assert column(readings_of(client, user, server), "temperature") == [5]


def test_an_unknown_name_is_registered_only_for_a_key_that_may(client: httpx.Client, user: User) -> None:
    name = unique("new")
    body = f"weather,host={name} temperature=1 {BEGIN}"
    refused = write(client, served(client, user), body)
    assert_problem(refused, 400)
    assert name in refused.json()["error"]
    assert client.get("/servers", params={"name": name}, headers=user.headers).json() == []
    key = served(client, user, line_protocol={"create_servers": True})
    assert write(client, key, body).status_code == 204
    (found,) = client.get("/servers", params={"name": name}, headers=user.headers).json()
    assert len(readings(client, user, server_ulid=found["server_ulid"])) == 1


def test_a_key_brings_its_own_mapping(client: httpx.Client, user: User, server: Server) -> None:
    mapping = {"server_tag": "device", "quantities": {"t": "temperature"}, "ignored_tags": ["site"]}
    body = f"weather,device={server.name},site=lab,host=other t=7,dew=3 {BEGIN}"
    assert write(client, served(client, user, line_protocol=mapping), body).status_code == 204
    (row,) = readings_of(client, user, server)
    assert (row["temperature"], row["weather_dew"]) == (7, 3)


def test_a_compressed_body_is_opened(client: httpx.Client, user: User, server: Server) -> None:
    headers = {"Authorization": f"Token {served(client, user)}", "Content-Encoding": "gzip"}
    body = gzip.compress("\n".join(lines(server.ulid, 10)).encode())
    answer = client.post("/api/v2/write?precision=s&org=a&bucket=b", content=body, headers=headers)
    assert answer.status_code == 204
    assert len(readings_of(client, user, server)) == 10


def test_a_secret_in_the_url_is_refused(client: httpx.Client, user: User, server: Server) -> None:
    answer = write(client, served(client, user), lines(server.ulid, 1)[0], u="any", p="secret")
    assert_problem(answer, 401)
    assert "URL" in answer.json()["error"]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"m,host=\x00 temperature=1", b"x" * 70_000])
def test_what_is_no_text_of_lines_is_refused(client: httpx.Client, user: User, body: bytes) -> None:
    answer = write(client, served(client, user), body)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code)


def test_a_value_out_of_bounds_sinks_no_other(client: httpx.Client, user: User, server: Server) -> None:
    body = f"m,server={server.ulid} humidity=101 {BEGIN}\nm,server={server.ulid} humidity=50 {BEGIN + 1}"
    refused = write(client, served(client, user), body)
    assert refused.status_code == 400
    assert "humidity" in refused.json()["message"]
    assert column(readings_of(client, user, server), "humidity") == [50]


def test_another_workspaces_server_is_unknown(client: httpx.Client, user: User, foreign_server: Server) -> None:
    answer = write(client, served(client, user), lines(foreign_server.ulid, 1)[0])
    assert answer.status_code == 400


def test_an_empty_body_stores_nothing(client: httpx.Client, user: User) -> None:
    assert write(client, served(client, user), "").status_code == 204
