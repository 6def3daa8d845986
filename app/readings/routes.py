"""`POST /data`, `GET /data`, and what stands beside them."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request, Response

from app.auth.deps import WORKSPACE_HEADER, InReadTransaction, Reader, sent_credential
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import (
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.readings import latest, quality, receipts, series
from app.readings.answering import ASK_OPENAPI, ASK_PROBLEMS, answered
from app.readings.answers import Answer
from app.readings.errors import FAILURE
from app.readings.intake import Intake
from app.readings.posting import STORE_OPENAPI, submitted
from app.readings.quantities import QUANTITIES
from app.readings.questions import DataQuery
from app.readings.schemas import (
    LatestOfServer,
    LatestQuery,
    QualityOfServer,
    QualityQuery,
    QuantityRead,
    Receipt,
    StoredReading,
)

router = APIRouter(tags=["readings"])


@router.post(
    "/data",
    status_code=201,
    response_model=StoredReading | Receipt,
    openapi_extra=STORE_OPENAPI,
    responses=problems(
        Unauthorized, Forbidden, NotFound, TooLarge, UnsupportedMediaType, Invalid, TooManyRequests, Unavailable
    ),
)
async def store_readings(request: Request) -> Response:
    """Store one reading, or a batch of them; the answer comes after the commit.

    One reading, as a JSON object, answers with what is stored now. A batch answers with a receipt: a JSON array,
    NDJSON, CSV, an Arrow stream or Parquet, by its `Content-Type`, plain or with `Content-Encoding: gzip | zstd`. One
    bad reading sinks no other, unless `atomic=true` asks for all or nothing.

    The same server and instant again fills in missing values, and the newest value wins; a retry changes nothing.
    Any further numeric key is a custom quantity of the workspace, asked for like the others; a near miss of a known
    name is refused. With an `Idempotency-Key` the same request gets the same answer again for a day.

    Where the installation limits the rate, `RateLimit` tells how many readings a key and a workspace may still send;
    past a limit the answer is 429 with `Retry-After`, and nothing is stored.
    """
    # No dependencies: solving them took a fifth of the time of this route, which fleets call all day.
    if failure := request.scope.get(FAILURE):
        raise failure
    intake = cast(Intake, request.app.state.intake)
    headers = request.headers
    principal = await intake.resolver.senders.principal(sent_credential(headers), headers.get(WORKSPACE_HEADER))
    async with submitted(request) as submission:
        store = intake.store_batch if submission.is_batch() else intake.store_one
        answer = await store(submission, principal)
    return Response(answer.text, 201, _receipt_headers(answer), "application/json")


@router.get("/data", response_model=None, openapi_extra=ASK_OPENAPI, responses=ASK_PROBLEMS)
async def query_readings(
    request: Request, query: Annotated[DataQuery, Query()], principal: Reader, settings: SettingsDep
) -> Response:
    """Readings as stored, or what `function` makes of each interval.

    Rows ascend and leave out what was not measured. With `aggregation` a row is an interval of all asked servers
    together and `timestamp` is its start; `group_by` gives a row a server or a value of a tag. Intervals follow the
    calendar of `tz`. Everything is exact, percentiles included; docs/queries.md says what each function means.

    The answer comes as JSON, NDJSON, CSV, an Arrow stream or Parquet, by `format` or `Accept`, streamed. Of a range
    that ended ten minutes ago it carries an `ETag`. A query past the budget of its role is refused with its `estimate`
    and a `cheaper` query; `explain=true` tells the estimate beforehand.
    """
    return await answered(request, query, principal, settings)


@router.get(
    "/data/latest",
    response_model=list[LatestOfServer],
    responses=problems(Unauthorized, Forbidden, NotFound, Invalid, TooManyRequests, Unavailable),
)
async def newest_values(query: Annotated[LatestQuery, Query()], principal: Reader, database: DatabaseDep) -> Response:
    """The newest stored value of each quantity of each server, by the server's name, with the instant it carries.

    Each quantity stands for itself: they need not come from the same reading. A reading that was acknowledged counts
    in the next answer. A server that has sent nothing has no `values`; with `sensor_type` it is left out.
    """
    body = await latest.latest(database, principal.workspace_id, query.server_ulid, query.sensor_type)
    return Response(body, media_type="application/json")


@router.get(
    "/data/quality",
    response_model=list[QualityOfServer],
    response_model_exclude_unset=True,
    responses=problems(Unauthorized, Forbidden, NotFound, Invalid, TooManyRequests, Unavailable),
)
async def data_quality(
    query: Annotated[QualityQuery, Query()], principal: Reader, database: DatabaseDep, settings: SettingsDep
) -> list[dict[str, Any]]:
    """How well the readings of each server went over a period, by the server's name: how many of those expected came,
    where they are missing, values that were stuck or cannot be, what came late, twice or was refused, and how far the
    device's clock is ahead.

    What is expected follows from the server's declared interval, or the median of what it sent. Counts of arrivals are
    by the hour of arrival and some seconds behind.
    """
    return await quality.quality(database, settings, principal, query)


@router.get(
    "/receipts/{receipt_id}",
    response_model=StoredReading | Receipt,
    responses=problems(Unauthorized, Forbidden, NotFound),
)
async def receipt(receipt_id: Annotated[str, IdPath], principal: Reader, session: InReadTransaction) -> Response:
    """What an earlier `POST /data` answered, for a day: of requests with an `Idempotency-Key`, `atomic=true`, or more
    readings than fit a shared transaction. Their answer names it in `Location`.
    """
    return Response(await receipts.get(session, principal.workspace_id, receipt_id), media_type="application/json")


@router.get("/quantities", responses=problems(Unauthorized, Forbidden, NotFound))
async def quantities(principal: Reader, session: InReadTransaction) -> list[QuantityRead]:
    """What the workspace measures: the known quantities with their units, then its custom ones."""
    known = [QuantityRead(name=quantity.name, unit=quantity.unit, custom=False) for quantity in QUANTITIES]
    names = await series.custom_quantities(session, principal.workspace_id)
    return known + [QuantityRead(name=name, unit=None, custom=True) for name in names]


def _receipt_headers(answer: Answer) -> dict[str, str]:
    headers = {"Location": f"/receipts/{answer.receipt_ulid}"} if answer.receipt_ulid else {}
    return headers | dict(answer.limits) | ({"Idempotency-Replayed": "true"} if answer.replayed else {})
