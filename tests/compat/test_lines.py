"""InfluxDB line protocol, by the rules of its description."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compat.lines import BadLine, parse
from app.compat.mapping import Mapping

HOST = "host=a"


def test_a_point_has_a_measurement_tags_fields_and_an_instant() -> None:
    point = parse("weather,host=a,site=lab temperature=25.3,humidity=48i 1767225600000000000")
    assert point.head == ("weather", {"host": "a", "site": "lab"})
    assert point.fields == {"temperature": 25.3, "humidity": 48.0}
    assert point.instant == 1_767_225_600_000_000_000


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), ("-1.5e3", -1500.0), (".5", 0.5), ("7i", 7.0), ("7u", 7.0), ("-7i", -7.0), ("t", 1.0), ("FALSE", 0.0)],
)
def test_numbers_and_booleans_are_values(text: str, value: float) -> None:
    assert parse(f"m,{HOST} value={text}").fields == {"value": value}


def test_text_is_passed_over_whatever_it_holds() -> None:
    line = r'm,host=a note="a, b=c \" 5",state="on",value=3 1'
    assert parse(line).fields == {"value": 3.0}


def test_escapes_are_taken_off() -> None:
    point = parse(r"my\ mea\,sure,ho\ st=a\=b\,c fi\=eld=1")
    assert point.head == ("my mea,sure", {"ho st": "a=b,c"})
    assert point.fields == {"fi=eld": 1.0}


@pytest.mark.parametrize(
    "line",
    ["m", "m,host=a", "m,host=a value", "m,host=a value=", "m,host=a =1", "m,host value=1", "m,host= value=1",
     "m,=a value=1", "m,host=a value=1 2026-01-01", "m,host=a value=1 1.5", "m,host=a value=NaN", "m,host=a value=1x",
     'm,host=a value="open', 'm,host=a note="only text"', "m,host=a value=1,", "m,host=a value=1,,other=2",
     "m,host=a=b value=1", ",host=a value=1", "m,host=a value=0x10", "m,host=a value=1_000"],
)  # fmt: skip
def test_what_is_no_point_is_refused(line: str) -> None:
    with pytest.raises(BadLine):
        parse(line)


@given(st.text(max_size=60))
def test_any_text_is_a_point_or_refused(line: str) -> None:
    try:
        parse(line)
    except BadLine:
        return
    assert "=" in line


@given(st.dictionaries(st.text("abc ,=é", min_size=1, max_size=5), st.floats(allow_nan=False, allow_infinity=False),
                       min_size=1, max_size=4))  # fmt: skip
def test_what_was_written_is_read(fields: dict[str, float]) -> None:
    def escaped(name: str) -> str:
        return name.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")

    text = ",".join(f"{escaped(name)}={value!r}" for name, value in fields.items())
    assert parse(f"m,{HOST} {text} 5").fields == fields


def quantity(line: str, mapping: Mapping | None = None) -> list[str]:
    point = parse(line)
    return [(mapping or Mapping()).quantity(point.head, name) for name in point.fields]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("weather,host=a,site=lab temperature=1", "temperature"),
        ("temperature,host=a,site=lab value=1", "temperature"),
        ("cpu,host=a usage_idle=1", "cpu_usage_idle"),
        ("cpu,host=a,cpu=cpu0 usage_idle=1", "cpu_usage_idle_cpu0"),
        ("Disk\\ IO,host=a,path=/var Used%=1", "disk_io_used_var"),
        ("power,host=a value=1", "power"),
        ("7seg,host=a value=1", "x_7seg"),
    ],
)
def test_fields_are_called_by_the_rule(line: str, name: str) -> None:
    assert quantity(line) == [name]


def test_a_keys_mapping_goes_before_the_rule() -> None:
    mapping = Mapping("device", {"weather.temp": "temperature", "hum": "humidity"}, frozenset({"site"}))
    line = "weather,device=d7,host=a,site=lab temp=1,hum=2,dew=3"
    assert quantity(line, mapping) == ["temperature", "humidity", "weather_dew"]
    assert mapping.server(parse(line).head) == "d7"


def test_a_ulid_goes_before_a_name_and_a_name_before_a_host() -> None:
    assert Mapping().server(parse("m,host=h,server=s,server_ulid=u value=1").head) == "u"
    assert Mapping().server(parse("m,host=h,server=s value=1").head) == "s"
    assert Mapping().server(parse("m,site=s value=1").head) is None
