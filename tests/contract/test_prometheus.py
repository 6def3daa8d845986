"""`/api/v1/…`: what Grafana's data source asks, errors as Prometheus words them, and nothing of other workspaces."""

import base64
from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import START, Row, bearer, new_key, post_many, stamp, unique
from tests.contract.problems import assert_problem

BEGIN = int(START.timestamp())
ASKED = ("query_range", "query", "series", "labels")
PATHS = [
    *(f"/api/v1/{name}" for name in ASKED),
    "/api/v1/label/server_name/values",
    "/api/v1/metadata",
    "/api/v1/status/buildinfo",
]
BOUNDS = {"start": str(BEGIN), "end": str(BEGIN + 3600)}
EVERY_MINUTE = {**BOUNDS, "step": "60"}


@pytest.fixture(scope="module")
def oven(client: httpx.Client, new_user: NewUser) -> tuple[User, Row]:
    """Somebody whose server sent a reading every ten seconds for an hour."""
    person = new_user()
    body = {"server_name": "oven", "tags": {"site": "lisboa", "rack.row": "b2", "site-2": "x", "server_name": "mine"}}
    made = client.post("/servers", json=body, headers=person.headers).raise_for_status().json()
    rows = [
        {"server_ulid": made["server_ulid"], "timestamp": stamp(seconds=10 * n + 1), "temperature": n, "pressure": -n}
        for n in range(360)
    ]
    client.post("/data", json=rows, headers=person.headers).raise_for_status()
    return person, made


def asked(client: httpx.Client, user: User, path: str, **params: Any) -> Any:
    """The data of an answer."""
    answer = client.get(f"/api/v1/{path}", params=params, headers=user.headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["status"] == "success"
    return body["data"]


def refused(answer: httpx.Response, status: int, kind: str) -> str:
    """What an error says, which has the shape that Prometheus' clients read."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"status", "errorType", "error"}
    assert (body["status"], body["errorType"]) == ("error", kind)
    return str(body["error"])


def test_the_data_source_is_tested_as_grafana_does(client: httpx.Client, oven: tuple[User, Row]) -> None:
    """Its button `Save & test` asks for 1+1 and for what is behind the address."""
    person, _ = oven
    answer = client.post("/api/v1/query", data={"query": "1+1", "time": "4"}, headers=person.headers)
    assert answer.json() == {"status": "success", "data": {"resultType": "scalar", "result": [4, "2"]}}
    assert asked(client, person, "status/buildinfo")["version"].startswith("3.")


def test_a_panel_is_drawn(client: httpx.Client, oven: tuple[User, Row]) -> None:
    """Grafana sends a form; `$__interval` and a variable with several values are filled in by it."""
    person, made = oven
    text = 'avg_over_time(temperature{server_name=~"(oven|no such\\\\.one)"}[1m])'
    form = {**EVERY_MINUTE, "query": text}
    answer = client.post("/api/v1/query_range", data=form, headers=person.headers)
    (series,) = answer.json()["data"]["result"]
    assert series["metric"] == {
        "server_ulid": made["server_ulid"],
        "server_name": "oven",
        "site": "lisboa",
        "rack_row": "b2",
        "site_2": "x",
        "tag_server_name": "mine",
    }
    assert series["values"] == [[BEGIN + 60 * n, f"{6 * n - 3.5:g}"] for n in range(1, 61)]


def test_the_explorer_finds_metrics_labels_and_values(client: httpx.Client, oven: tuple[User, Row]) -> None:
    person, made = oven
    assert asked(client, person, "label/__name__/values", **BOUNDS, limit="40000") == ["pressure", "temperature"]
    labels = ["__name__", "rack_row", "server_name", "server_ulid", "site", "site_2", "tag_server_name"]
    assert asked(client, person, "labels", **BOUNDS, **{"match[]": "temperature"}) == labels
    assert asked(client, person, "label/site/values", **{"match[]": 'temperature{site!=""}'}) == ["lisboa"]
    found = asked(client, person, "series", **BOUNDS, **{"match[]": '{__name__=~".+"}'})
    assert {each["__name__"] for each in found} == {"pressure", "temperature"}
    assert {each["server_ulid"] for each in found} == {made["server_ulid"]}
    posted = client.post("/api/v1/series", data={"match[]": "temperature"}, headers=person.headers).json()["data"]
    assert [each["__name__"] for each in posted] == ["temperature"]
    posted = client.post("/api/v1/labels", data=BOUNDS, headers=person.headers).json()["data"]
    assert posted == labels
    metadata = asked(client, person, "metadata")
    assert metadata["temperature"] == [{"type": "gauge", "help": "temperature in °C", "unit": "°C"}]
    assert metadata["pressure"][0]["unit"] == ""
    assert list(asked(client, person, "metadata", metric="humidity")) == ["humidity"]
    assert len(asked(client, person, "metadata", limit="2")) == 2


def test_a_list_that_is_cut_off_says_so(client: httpx.Client, oven: tuple[User, Row]) -> None:
    answer = client.get("/api/v1/label/__name__/values", params={"limit": "1"}, headers=oven[0].headers).json()
    assert answer["data"] == ["pressure"]
    assert "limit=1" in answer["warnings"][0]


def test_series_that_fell_silent_before_the_range_are_not_listed(client: httpx.Client, oven: tuple[User, Row]) -> None:
    assert asked(client, oven[0], "series", start=str(BEGIN + 3591.5)) == []
    assert len(asked(client, oven[0], "series", start=str(BEGIN + 3591))) == 2


def test_a_reading_that_was_acknowledged_is_in_the_next_answer(
    client: httpx.Client, newcomer: User, new_server: NewServer
) -> None:
    sent = new_server(newcomer)
    client.post("/data", json={"server_ulid": sent.ulid, "voltage": 219.5}, headers=sent.headers).raise_for_status()
    found = asked(client, newcomer, "query", query="voltage")
    assert [each["value"][1] for each in found["result"]] == ["219.5"]


def test_windows_are_open_on_their_left(client: httpx.Client, oven: tuple[User, Row]) -> None:
    """A reading at the very beginning belongs to the window before; one at its end belongs to it."""
    at = str(BEGIN + 101)
    found = asked(client, oven[0], "query", query="count_over_time(temperature[30s])", time=at)
    assert found["result"][0]["value"][1] == "3"
    assert asked(client, oven[0], "query", query="temperature", time=at)["result"][0]["value"][1] == "10"
    silent = str(BEGIN + 3591 + 300)
    assert asked(client, oven[0], "query", query="temperature", time=silent)["result"] == []
    before = str(BEGIN + 3591 + 299.999)
    assert len(asked(client, oven[0], "query", query="temperature", time=before)["result"]) == 1
    longer = asked(client, oven[0], "query", query="temperature", time=silent, lookback_delta="10m")
    assert len(longer["result"]) == 1


@pytest.mark.parametrize("path", PATHS)
def test_every_way_to_send_a_key_is_taken(client: httpx.Client, oven: tuple[User, Row], path: str) -> None:
    key = new_key(client, oven[0])["key"]
    params = {**EVERY_MINUTE, "query": "1"}
    basic = base64.b64encode(f"grafana:{key}".encode()).decode()
    for header in (f"Bearer {key}", f"Basic {basic}", oven[0].headers["Authorization"]):
        assert client.get(path, params=params, headers={"Authorization": header}).status_code == 200, header


@pytest.mark.parametrize("path", PATHS)
def test_nobody_reads_without_the_right(
    client: httpx.Client, oven: tuple[User, Row], server: Server, path: str
) -> None:
    params = {**EVERY_MINUTE, "query": "1"}
    for headers in ({}, bearer("snt_k_0000"), {"Authorization": "Basic !"}):
        answer = client.get(path, params=params, headers=headers)
        refused(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    refused(client.get(path, params=params, headers=server.headers), 403, "forbidden")
    writes_only = bearer(new_key(client, oven[0], scopes=["write"])["key"])
    refused(client.get(path, params=params, headers=writes_only), 403, "forbidden")


def test_nothing_of_another_workspace_is_seen(
    client: httpx.Client, oven: tuple[User, Row], stranger: User, foreign_server: Server
) -> None:
    post_many(client, foreign_server, [{"timestamp": stamp(seconds=5), "temperature": 99, "secret_quantity": 1}])
    person, made = oven
    for reader, absent in ((stranger, made["server_ulid"]), (person, foreign_server.ulid)):
        for query in ("temperature", f'temperature{{server_ulid="{absent}"}}', '{server_ulid!=""}', "max(temperature)"):
            found = client.get("/api/v1/query_range", params={**EVERY_MINUTE, "query": query}, headers=reader.headers)
            assert absent not in found.text
        for path in ("series", "labels", "label/server_ulid/values", "label/__name__/values", "metadata"):
            assert absent not in client.get(f"/api/v1/{path}", headers=reader.headers).text
    assert "secret_quantity" not in client.get("/api/v1/metadata", headers=person.headers).text
    assert "secret_quantity" in client.get("/api/v1/metadata", headers=stranger.headers).text
    assert asked(client, stranger, "query", query=f'temperature{{server_ulid="{made["server_ulid"]}"}}')["result"] == []
    highest = asked(client, stranger, "query", query="max(temperature)", time=str(BEGIN + 100))["result"]
    assert highest[0]["value"][1] == "99"


def test_a_foreign_workspace_is_not_found_by_its_header(
    client: httpx.Client, oven: tuple[User, Row], stranger: User
) -> None:
    foreign = client.get("/auth/me", headers=stranger.headers).json()["workspaces"][0]["workspace_ulid"]
    headers = {**oven[0].headers, "Sentinela-Workspace": foreign}
    refused(client.get("/api/v1/query", params={"query": "1"}, headers=headers), 404, "not_found")


BAD = [
    ({"query": "temperature{"}, "inside braces"),
    ({"query": "temperature[5m:1m]"}, "A range of readings|subquery"),
    ({"query": "temperature @ 5"}, "@"),
    ({"query": "histogram_quantile(0.9, temperature)"}, "histogram_quantile"),
    ({"query": "temperature and humidity"}, "operator and"),
    ({"query": "temperature * on (site) group_left humidity"}, "group_left"),
    ({"query": 'temperature{site=~"(a"}'}, "regex"),
    ({"query": 'temperature{site=~"(?:a{500}){500}"}'}, "regex|regular"),
    ({"query": "-" * 5000 + "1"}, "too long"),
    ({"query": "temperature+" * 500 + "1"}, "too long"),
    ({"query": " or ".join([f'x{{a=~"{n}"}}' for n in range(25)])}, "regular expressions"),
    ({"query": "1" * 10_001}, "10000"),
    ({}, "query"),
    ({"query": "1", "step": "0"}, "step"),
    ({"query": "1", "step": "-5"}, "step"),
    ({"query": "1", "step": "soon"}, "step"),
    ({"query": "1", "start": "NaN"}, "start"),
    ({"query": "1", "start": "1e30"}, "start"),
    ({"query": "1", "end": "2024-05-01"}, "end"),
    ({"query": "1", "end": str(BEGIN - 1)}, "before start"),
    ({"query": "1", "step": "0.3"}, "11000"),
    ({"query": "1", "timeout": "never"}, "timeout"),
]


@pytest.mark.parametrize(("params", "told"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_answered_is_refused_with_a_word_about_it(
    client: httpx.Client, oven: tuple[User, Row], params: dict[str, str], told: str
) -> None:
    form = EVERY_MINUTE | params
    message = refused(client.post("/api/v1/query_range", data=form, headers=oven[0].headers), 400, "bad_data")
    assert any(part in message for part in told.split("|")), message


def test_as_many_points_as_prometheus_gives_are_given(client: httpx.Client, oven: tuple[User, Row]) -> None:
    params = {"query": "temperature", "start": str(BEGIN), "end": str(BEGIN + 10_999), "step": "1"}
    (series,) = asked(client, oven[0], "query_range", **params)["result"]
    # From the first reading until five minutes after the last one.
    assert len(series["values"]) == 3591 + 300 - 1
    longer = {**params, "end": str(BEGIN + 11_000)}
    assert client.get("/api/v1/query_range", params=longer, headers=oven[0].headers).status_code == 400


def test_what_does_not_fit_together_is_told(client: httpx.Client, oven: tuple[User, Row]) -> None:
    text = 'rate({__name__=~"temperature|pressure"}[5m])'
    answer = client.get("/api/v1/query", params={"query": text, "time": str(BEGIN + 900)}, headers=oven[0].headers)
    assert "same labels" in refused(answer, 422, "execution")


def test_errors_are_told_in_portuguese(client: httpx.Client, oven: tuple[User, Row]) -> None:
    headers = {**oven[0].headers, "Accept-Language": "pt-BR"}
    told = refused(client.get("/api/v1/query", params={"query": "x{"}, headers=headers), 400, "bad_data")
    assert told.startswith("Não foi possível ler a expressão")
    told = refused(client.get("/api/v1/query", params={"query": "x", "time": "x"}, headers=headers), 400, "bad_data")
    assert told.startswith("time: Deve ser em segundos Unix")


def test_a_query_that_takes_longer_than_it_may_is_ended(client: httpx.Client, oven: tuple[User, Row]) -> None:
    params = {"query": "avg_over_time(temperature[1h])", "time": str(BEGIN + 3600), "timeout": "1ms"}
    told = refused(client.get("/api/v1/query", params=params, headers=oven[0].headers), 503, "timeout")
    assert "0.001 s" in told


def test_more_than_the_budget_is_refused_before_it_runs(
    client: httpx.Client, newcomer: User, new_server: NewServer
) -> None:
    """A day's window at each of many instants, over a reading a second: some 500 million to count."""
    sent = new_server(newcomer)
    lines = "timestamp,temperature\n" + "\n".join(f"{stamp(seconds=n)},{n % 50}" for n in range(86_400))
    headers = {**sent.headers, "Content-Type": "text/csv"}
    answer = client.post(f"/data?server_ulid={sent.ulid}", content=lines, headers=headers)
    assert answer.json()["accepted"] == 86_400
    reads = bearer(new_key(client, newcomer, scopes=["read"])["key"])
    params = {"query": "quantile_over_time(0.5, temperature[1d])", "start": str(BEGIN), "step": "10"}
    refusal = client.get("/api/v1/query_range", params={**params, "end": str(BEGIN + 86_400)}, headers=reads)
    assert "would take about" in refused(refusal, 422, "execution")
    fits = {**params, "end": str(BEGIN + 86_400), "step": "12h"}
    assert client.get("/api/v1/query_range", params=fits, headers=reads).status_code == 200


def test_a_path_beside_them_and_a_wrong_method_are_ordinary_problems(client: httpx.Client, user: User) -> None:
    assert_problem(client.get("/api/v1/rules", headers=user.headers), 404)
    assert_problem(client.delete("/api/v1/query", headers=user.headers), 405)


def test_a_name_that_is_none_of_a_label_is_refused(client: httpx.Client, user: User) -> None:
    for name in ("a-b", "1a", "é", "a b"):
        refused(client.get(f"/api/v1/label/{name}/values", headers=user.headers), 400, "bad_data")


def test_the_deepest_expression_that_is_taken_is_answered(client: httpx.Client, oven: tuple[User, Row]) -> None:
    for text in ("-" * 298 + "1", "(" * 149 + "1" + ")" * 149, "temperature" + "+temperature" * 149, "1" + "^1" * 149):
        found = client.post("/api/v1/query", data={"query": text, "time": str(BEGIN)}, headers=oven[0].headers)
        assert found.status_code == 200, (text[:20], found.text[:300])


def test_a_server_without_readings_is_no_series(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    new_server(newcomer)
    for query in ("temperature", "sum(temperature)", "temperature + 1", "rate(temperature[5m])", "-temperature > 2"):
        assert asked(client, newcomer, "query", query=query) == {"resultType": "vector", "result": []}
    assert asked(client, newcomer, "query", query="temperature[5m]") == {"resultType": "matrix", "result": []}
    assert asked(client, newcomer, "series") == []
    nobody = {"query": f'temperature{{server_name="{unique("none")}"}}', **EVERY_MINUTE}
    assert asked(client, newcomer, "query_range", **nobody)["result"] == []
