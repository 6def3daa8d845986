"""`/api/v1/…` of Prometheus, as Grafana's data source asks for it: docs/prometheus.md."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Response

from app import __version__
from app.compat.prometheus import writing
from app.compat.prometheus.edge import FAILURES, PREFIX, AskerDep, PrometheusRoute, Reader, label_name
from app.compat.prometheus.schemas import Answer, InstantQuery, MetadataQuery, RangeQuery, SeriesQuery
from app.readings.quantities import QUANTITIES

router = APIRouter(
    prefix=PREFIX,
    tags=["what others speak"],
    route_class=PrometheusRoute,
    responses=FAILURES,
    redirect_slashes=False,
)
# Which of Prometheus' versions it answers like: windows are open on their left since 3.0.
ANSWERS_LIKE = "3.0.0"
_SERIES = {"__name__": "temperature", "server_ulid": "01KA2V0C8T3J9X5N7Q1W4Z6Y8B", "server_name": "oven"}
LabelPath = Annotated[str, Path(max_length=100, examples=["server_name"])]


def _described(example: Any) -> dict[str, Any]:
    """What OpenAPI says of an answer with this data."""
    body = {"status": "success", "data": example}
    schema = {"$ref": "#/components/schemas/Answer"}
    content = {"application/json": {"schema": schema, "example": body}}
    return {
        "security": [{"Key": []}, {"User": []}],
        "responses": {"200": {"description": "What was found", "content": content}},
    }


_VECTOR = _described({"resultType": "vector", "result": [{"metric": _SERIES, "value": [1767225600, "25.3"]}]})
_MATRIX = _described({"resultType": "matrix", "result": [{"metric": _SERIES, "values": [[1767225600, "25.3"]]}]})
_LABELS = _described(["__name__", "server_name", "server_ulid"])
_VALUES = _described(["oven"])
_SERIES_OF = _described([_SERIES])
_METADATA = _described({"temperature": [{"type": "gauge", "help": "temperature in °C", "unit": "°C"}]})
_BUILD = _described({"version": ANSWERS_LIKE, "application": "Sentinela", "revision": __version__})


@router.get("/query", response_model=Answer, openapi_extra=_VECTOR)
async def prometheus_query(query: Annotated[InstantQuery, Query()], asker: AskerDep) -> Response:
    """An expression's value at one instant, as Prometheus answers it, for a subset of PromQL.

    A metric is a quantity; its labels are `server_ulid`, `server_name` and the server's tags. docs/prometheus.md lists
    what is served and how it differs. The key comes as Bearer, or as the password of Basic.
    """
    return _json(await asker.instant(query))


@router.post("/query", response_model=Answer, openapi_extra=_VECTOR)
async def prometheus_query_by_form(query: Annotated[InstantQuery, Form()], asker: AskerDep) -> Response:
    """The same with the parameters in a form."""
    return _json(await asker.instant(query))


@router.get("/query_range", response_model=Answer, openapi_extra=_MATRIX)
async def prometheus_query_range(query: Annotated[RangeQuery, Query()], asker: AskerDep) -> Response:
    """An expression's values from `start` to `end`, `step` apart: at most 11,000 of a series."""
    return _json(await asker.over_time(query))


@router.post("/query_range", response_model=Answer, openapi_extra=_MATRIX)
async def prometheus_query_range_by_form(query: Annotated[RangeQuery, Form()], asker: AskerDep) -> Response:
    """The same with the parameters in a form."""
    return _json(await asker.over_time(query))


@router.get("/series", response_model=Answer, openapi_extra=_SERIES_OF)
async def prometheus_series(query: Annotated[SeriesQuery, Query()], asker: AskerDep) -> Response:
    """The labels of every series that matches one of the selectors and has a reading at `start` or later."""
    return _limited(await asker.existing(query), query.limit)


@router.post("/series", response_model=Answer, openapi_extra=_SERIES_OF)
async def prometheus_series_by_form(query: Annotated[SeriesQuery, Form()], asker: AskerDep) -> Response:
    """The same with the parameters in a form."""
    return _limited(await asker.existing(query), query.limit)


@router.get("/labels", response_model=Answer, openapi_extra=_LABELS)
async def prometheus_labels(query: Annotated[SeriesQuery, Query()], asker: AskerDep) -> Response:
    """The names of the labels that those series have."""
    return _limited(sorted({name for labels in await asker.existing(query) for name in labels}), query.limit)


@router.post("/labels", response_model=Answer, openapi_extra=_LABELS)
async def prometheus_labels_by_form(query: Annotated[SeriesQuery, Form()], asker: AskerDep) -> Response:
    """The same with the parameters in a form."""
    return _limited(sorted({name for labels in await asker.existing(query) for name in labels}), query.limit)


@router.get("/label/{name}/values", response_model=Answer, openapi_extra=_VALUES)
async def prometheus_label_values(name: LabelPath, query: Annotated[SeriesQuery, Query()], asker: AskerDep) -> Response:
    """The values of one label; those of `__name__` are the quantities."""
    wanted = label_name(name)
    found = await asker.existing(query)
    return _limited(sorted({labels[wanted] for labels in found if wanted in labels}), query.limit)


@router.get("/metadata", response_model=Answer, openapi_extra=_METADATA)
async def prometheus_metadata(query: Annotated[MetadataQuery, Query()], asker: AskerDep) -> Response:
    """What the quantities are, with the units of those that have one; all are gauges."""
    units = {quantity.name: quantity.unit for quantity in QUANTITIES}
    names = [name for name in await asker.quantities() if query.metric in (None, name)]
    if query.limit >= 0:
        names = names[: query.limit]
    return _json(writing.document({name: [_told(name, units.get(name, ""))] for name in names}))


@router.get("/status/buildinfo", response_model=Answer, openapi_extra=_BUILD)
async def prometheus_build(_: Reader) -> Response:
    """Which of Prometheus' versions the answers are like, for clients that ask first."""
    return _json(writing.document({"version": ANSWERS_LIKE, "application": "Sentinela", "revision": __version__}))


def _told(name: str, unit: str) -> dict[str, str]:
    return {"type": "gauge", "help": f"{name} in {unit}" if unit else name, "unit": unit}


def _limited(found: list[Any], limit: int) -> Response:
    if 0 < limit < len(found):
        return _json(writing.document(found[:limit], [f"There are more; limit={limit} cut them off."]))
    return _json(writing.document(found))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
