"""The subset of PromQL means here what it means to Prometheus: the same expressions over the same readings, asked of
both. Prometheus 2 and 3 differ in what lies at the very beginning of a window, so no reading lies there;
`tests/readings/query/test_sliding.py` sees to that.
"""

import json
import math
import os
import random
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import NewUser, User
from tests.contract.calls import START, Row, new_key
from tests.contract.real_prometheus import MISSING, exposition, prometheus
from tests.system import System

BEGIN = int(START.timestamp() * 1000)
HOUR = 3_600_000
Samples = list[tuple[int, float]]

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"NOT VALIDATED: there is no {' and no '.join(MISSING)} on the PATH"
)

EXPRESSIONS = [
    "temperature", "humidity", 'temperature{server_name="oven"}', 'temperature{server_name!="oven"}',
    'temperature{site=~"lis.*|porto"}', 'temperature{site!~"lis.*"}', 'temperature{site=""}', 'temperature{site!=""}',
    'temperature{site=~".+",rack="a"}', '{__name__=~"temp.*|hum.*"}', '{server_name="oven",__name__!="pulses"}',
    "temperature offset 10m", "temperature offset -7m", "nothing", 'temperature{site=~"lis"}',
    "nothing + 1", "sum(nothing)", "nothing * temperature", "2 > nothing", "topk(2, nothing)", "-nothing",
    "abs(nothing)", "nothing > bool 1",
    "avg_over_time(temperature[5m])", "min_over_time(temperature[5m])", "max_over_time(temperature[17m])",
    "sum_over_time(temperature[1h])", "count_over_time(temperature[1h])", "last_over_time(temperature[2m])",
    "stddev_over_time(temperature[10m])", "quantile_over_time(0.9, temperature[10m])",
    "quantile_over_time(0, humidity[30m])", "quantile_over_time(2, humidity[30m])",
    "quantile_over_time(-1, humidity[30m])", "avg_over_time(temperature[5m] offset 20m)", "avg_over_time(humidity[3h])",
    "rate(pulses[5m])", "increase(pulses[5m])", "rate(pulses[1h])", "increase(pulses[1h7m])", "delta(temperature[5m])",
    "delta(temperature[1h])", "rate(pulses[40s])", "increase(pulses[90s])", "rate(temperature[5m])",
    "sum(temperature)", "avg(temperature)", "min(temperature)", "max(temperature)", "count(temperature)",
    "stddev(temperature)", "sum by (site) (temperature)", "avg by (site, rack) (temperature)",
    "max without (server_ulid, server_name) (temperature)", "count by (nosuch) (temperature)",
    "min by (site) (avg_over_time(temperature[5m]))", 'count({__name__=~"temperature|humidity"}) by (__name__)',
    "topk(2, temperature)", "bottomk(1, temperature)", "topk(1, temperature) by (site)", "topk(0, temperature)",
    "1 + 1", "2 ^ 3 ^ 2", "-2 ^ 2", "7 % 4", "-7 % 4", "1 / 0", "0 / 0", "-1 / 0", "3 == bool 3", "1 > bool 2", "-(3)",
    "temperature * 1.8 + 32", "100 - humidity", "-temperature", "temperature / 0", "temperature % 3", "temperature ^ 2",
    "temperature > 22", "temperature <= 22", "22 < temperature", "temperature > bool 22", "temperature == bool 22",
    "temperature != 22", "(temperature - 20) / 0", "0 * (temperature > 22)", "sum(temperature > 22)",
    "temperature + humidity", "temperature / ignoring (rack) humidity", "temperature > humidity",
    "temperature < bool humidity", 'temperature{server_name="oven"} - on (site) humidity{server_name="oven"}',
    "avg by (site) (temperature) - min by (site) (temperature)", "temperature - avg_over_time(temperature[1h])",
    "abs(temperature - 22)", "ceil(temperature)", "floor(-temperature)", "sqrt(temperature - 22)", "ln(humidity - 50)",
    "exp(temperature / 10)", "log2(humidity)", "log10(humidity)", "sgn(temperature - 22)",
    "max_over_time(temperature[5m]) - min_over_time(temperature[5m]) > 1", "sum(rate(pulses[5m])) by (site) * 60",
]  # fmt: skip
# First instant and last one in hours from the beginning, step in seconds.
WINDOWS = [(0.013, 3.9, 60), (0.2, 4.3, 613), (-0.4, 1.0, 37.5), (2.0077, 2.0077, 15), (0.0003, 4.0003, 3600)]
OVER_TIME = AT_ONCE = EXPRESSIONS
if os.environ.get("SENTINELA_TEST_LONG") != "1":
    # Each expression in one way.
    del WINDOWS[1:]
    OVER_TIME, AT_ONCE = EXPRESSIONS[::2], EXPRESSIONS[1::2]
REFUSED_BY_BOTH = [
    "temperature{", "temperature[5m]", "rate(temperature)", "1 > 2", "sum(", "", "nosuch(temperature)", "{}", '{a=""}',
    'rate({__name__=~"temperature|humidity"}[5m])', "temperature + on (nosuch) humidity", 'temperature{a=~"("}',
]  # fmt: skip


def course(chance: random.Random, every: int, gap: tuple[float, float], rises: bool = False) -> Samples:
    """Four hours of a sensor, its instants shaken, with a gap; a counter rises, and begins anew now and then."""
    found, value, ts = [], chance.uniform(0, 9) if rises else 20.0, BEGIN + 7 * every // 3
    while ts < BEGIN + 4 * HOUR:
        if not gap[0] * HOUR < ts - BEGIN < gap[1] * HOUR:
            found.append((ts, round(value, 4)))
        value = value + chance.uniform(0, 5) if rises else 21 + 3 * math.sin(ts / 3e6) + chance.gauss(0, 0.4)
        if rises and chance.random() < 0.01:
            value = chance.uniform(0, 2)
        ts += every + chance.randint(-every // 9, every // 9)
    return found


@pytest.fixture(scope="module")
def person(new_user: NewUser) -> User:
    return new_user()


@pytest.fixture(scope="module")
def series(client: httpx.Client, person: User) -> list[tuple[Row, Samples]]:
    """Three servers of ours, and what they sent."""
    chance, found = random.Random(46), []
    for name, tags, every in (
        ("oven", {"site": "lisboa", "rack": "a"}, 10_000),
        ("cellar", {"site": "porto", "rack": "a"}, 61_000),
        ("roof", {}, 900_000),
    ):
        made = client.post("/servers", json={"server_name": name, "tags": tags}, headers=person.headers)
        labels = {"server_ulid": made.raise_for_status().json()["server_ulid"], "server_name": name, **tags}
        for metric in ("temperature", "humidity", "pulses"):
            samples = course(chance, every, (1.2, 1.6) if name == "oven" else (9, 9), rises=metric == "pulses")
            if metric == "humidity":
                samples = [(ts, round(2.1 * value, 3)) for ts, value in samples if chance.random() < 0.8]
            found.append(({"__name__": metric, **labels}, samples))
    for labels, samples in found:
        rows = [
            {"server_ulid": labels["server_ulid"], "timestamp": stamp_of(ts), labels["__name__"]: value}
            for ts, value in samples
        ]
        receipt = client.post("/data", json=rows, headers=person.headers).raise_for_status().json()
        assert receipt["rejected_count"] == 0
    return found


def stamp_of(ts: int) -> str:
    return f"{(START.fromtimestamp(ts // 1000, START.tzinfo)).isoformat().replace('+00:00', '')}.{ts % 1000:03d}Z"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, series: list[tuple[Row, Samples]]) -> Iterator[httpx.Client]:
    with prometheus(tmp_path_factory.mktemp("prometheus"), exposition(series)) as asked:
        yield asked


def shown(answer: httpx.Response, values: str) -> dict[str, list[tuple[float, float]]]:
    """By their labels the values of all series."""
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    if data["resultType"] == "scalar":
        return {"scalar": [number(data["result"])]}
    samples = ((each["metric"], each[values] if values == "values" else [each[values]]) for each in data["result"])
    return {str(sorted(metric.items())): [number(sample) for sample in of] for metric, of in samples}


def number(sample: list[Any]) -> tuple[float, float]:
    return sample[0], float(sample[1])


def differ(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    if ours.keys() != theirs.keys():
        return f"series {ours.keys() ^ theirs.keys()}"
    for labels, wanted in theirs.items():
        found = ours[labels]
        if [ts for ts, _ in found] != [ts for ts, _ in wanted]:
            return f"{labels}: instants {sorted({ts for ts, _ in found} ^ {ts for ts, _ in wanted})[:5]}"
        for (ts, got), (_, value) in zip(found, wanted, strict=True):
            if got != pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True):
                return f"{labels}: {got} instead of {value} at {ts}"
    return ""


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_a_range_is_answered_as_prometheus_does(
    client: httpx.Client, person: User, theirs: httpx.Client, window: tuple[float, float, float]
) -> None:
    first, last, step = window
    bounds = {"start": str(BEGIN / 1000 + first * 3600), "end": str(BEGIN / 1000 + last * 3600), "step": str(step)}
    faults = {}
    for text in OVER_TIME:
        form = {"query": text, **bounds}
        ours = client.post("/api/v1/query_range", data=form, headers=person.headers)
        fault = differ(shown(ours, "values"), shown(theirs.post("/api/v1/query_range", data=form), "values"))
        faults |= {text: fault} if fault else {}
    assert faults == {}


def test_an_instant_is_answered_as_prometheus_does(client: httpx.Client, person: User, theirs: httpx.Client) -> None:
    faults = {}
    for text in AT_ONCE:
        params = {"query": text, "time": str(BEGIN / 1000 + 8000.25)}
        ours = client.get("/api/v1/query", params=params, headers=person.headers)
        fault = differ(shown(ours, "value"), shown(theirs.get("/api/v1/query", params=params), "value"))
        faults |= {text: fault} if fault else {}
    assert faults == {}


def test_readings_of_a_range_are_shown_as_prometheus_does(
    client: httpx.Client, person: User, theirs: httpx.Client
) -> None:
    for text in (
        "temperature[7m]",
        'humidity{site!=""}[3m] offset 1h',
        '{__name__=~"temp.*|pulses"}[1m]',
        "nothing[5m]",
    ):
        params = {"query": text, "time": str(BEGIN / 1000 + 9000.25)}
        ours = client.get("/api/v1/query", params=params, headers=person.headers)
        assert differ(shown(ours, "values"), shown(theirs.get("/api/v1/query", params=params), "values")) == ""


def test_what_prometheus_refuses_is_refused(client: httpx.Client, person: User, theirs: httpx.Client) -> None:
    for text in REFUSED_BY_BOTH:
        form = {"query": text, "start": str(BEGIN / 1000), "end": str(BEGIN / 1000 + 3600), "step": "60"}
        ours = client.post("/api/v1/query_range", data=form, headers=person.headers)
        wanted = theirs.post("/api/v1/query_range", data=form)
        assert (ours.status_code, ours.json()["errorType"]) == (wanted.status_code, wanted.json()["errorType"]), text


def test_series_and_labels_are_those_of_prometheus(client: httpx.Client, person: User, theirs: httpx.Client) -> None:
    bounds = {"start": str(BEGIN / 1000), "end": str(BEGIN / 1000 + 4 * 3600)}
    for path, params in (
        ("series", {"match[]": "temperature"}), ("series", {"match[]": ['humidity{site=""}', '{rack="a"}']}),
        ("labels", {}), ("labels", {"match[]": 'temperature{site=""}'}), ("label/site/values", {}),
        ("label/__name__/values", {}), ("label/site/values", {"match[]": 'pulses{rack="a"}'}),
        ("label/nosuch/values", {}),
    ):  # fmt: skip
        found = client.get(f"/api/v1/{path}", params={**bounds, **params}, headers=person.headers).raise_for_status()
        wanted = theirs.get(f"/api/v1/{path}", params={**bounds, **params}).raise_for_status()
        assert sorted(map(str, map(ordered, found.json()["data"]))) == sorted(
            map(str, map(ordered, wanted.json()["data"]))
        ), (path, params)


def test_the_client_of_prometheus_itself_understands_our_answers(
    system: System, client: httpx.Client, person: User, series: list[tuple[Row, Samples]]
) -> None:
    """Promtool asks through Prometheus' client library, with the key in Basic."""
    key = new_key(client, person, scopes=["read"])["key"]
    url = system.url.replace("://", f"://any:{key}@")

    def asked(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["promtool", "query", *words], capture_output=True, text=True, check=False)

    start, end = f"--start={BEGIN // 1000 + 60}", f"--end={BEGIN // 1000 + 180}"
    over_time = asked("range", "--format=json", start, end, "--step=60s", url, 'temperature{server_name="oven"}')
    (found,) = json.loads(over_time.stdout)
    assert [ts for ts, _ in found["values"]] == [BEGIN // 1000 + each for each in (60, 120, 180)]
    assert found["metric"]["site"] == "lisboa"
    assert asked("instant", url, "1 + 1").stdout.startswith("scalar: 2 @")
    listed = asked("series", "--match=temperature", start, end, url).stdout
    assert [labels["server_ulid"] in listed for labels, _ in series[::3]] == [True] * 3
    assert asked("labels", start, end, url, "site").stdout.split() == ["lisboa", "porto"]
    refusal = asked("instant", url, "temperature{")
    assert refusal.returncode != 0
    assert "bad_data" in refusal.stderr
    assert "cannot be read" in refusal.stderr


def ordered(value: Any) -> Any:
    return sorted(value.items()) if isinstance(value, dict) else value
