"""Errors that a client sees; each class owns its status, type and title.

Problem
├── BadRequest 400 … the HTTP layer's own refusals
├── Unauthorized 401      no or no valid credential
├── Forbidden 403         a valid credential that may not do this
├── NotFound 404          absent, or another workspace's
├── NotAcceptable 406     no form of the answer that the client takes
├── Conflict 409          a name that is taken
├── TooLarge 413          past a limit on size
├── UnsupportedMediaType 415
├── Invalid 422           bad input; `errors` says which field and why
├── TooManyRequests 429   past a rate limit; `Retry-After` says when
└── Unavailable 503       try again later; `Retry-After` says when
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, NotRequired, TypedDict

# A body of the largest size may have a million faults; as many are told as a receipt tells of rejected readings.
MAX_ERRORS = 1000


class FieldError(TypedDict):
    """One fault of the input: where it stands, what is wrong, and the kind of fault."""

    loc: list[str | int]
    msg: str
    type: str
    ctx: NotRequired[Mapping[str, Any]]
    """What the message's translation fills in."""


class Problem(Exception):
    """Answered as RFC 9457 `application/problem+json`.

    `detail` is an English template over `params`; the template is the key of its translation.
    """

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal server error"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str, *, errors: list[FieldError] | None = None, **params: Any) -> None:
        super().__init__(detail.format(**params))
        self.template = detail
        self.params = params
        self.errors = errors
        self.more: Mapping[str, Any] = {}
        """Further members of the answer."""


class Unauthorized(Problem):
    status = 401
    kind = "unauthorized"
    title = "Authentication required"
    headers: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    status = 403
    kind = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    kind = "not-found"
    title = "Not found"


class Conflict(Problem):
    status = 409
    kind = "conflict"
    title = "Conflict"


class TooLarge(Problem):
    status = 413
    kind = "too-large"
    title = "Request too large"


class NotAcceptable(Problem):
    status = 406
    kind = "not-acceptable"
    title = "Not acceptable"


class UnsupportedMediaType(Problem):
    status = 415
    kind = "unsupported-media-type"
    title = "Unsupported media type"


class Invalid(Problem):
    status = 422
    kind = "invalid-input"
    title = "Invalid input"


class TooManyRequests(Problem):
    status = 429
    kind = "too-many-requests"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_seconds: int, fields: Mapping[str, str], **params: Any) -> None:
        """`fields` are headers that say more about the limit."""
        super().__init__(detail, **params)
        self.headers = {"Retry-After": str(retry_seconds), **fields}


class Unavailable(Problem):
    status = 503
    kind = "unavailable"
    title = "Temporarily unavailable"
    headers: Mapping[str, str] = MappingProxyType({"Retry-After": "1"})


def invalid(errors: Sequence[Mapping[str, Any]], prefix: tuple[str | int, ...] = ()) -> Invalid:
    """Pydantic's errors as one problem, the first of them; nothing of the input is echoed, for it may hold a secret."""
    faults = [_fault(error, prefix) for error in errors[:MAX_ERRORS]]
    if len(errors) == 1:
        return Invalid("The request has 1 invalid field.", errors=faults)
    return Invalid("The request has {count} invalid fields.", count=len(errors), errors=faults)


def invalid_field(loc: tuple[str | int, ...], msg: str, kind: str = "value_error", **ctx: Any) -> Invalid:
    """Bad input that only the work itself can see, in the shape of a validation error."""
    return invalid([{"loc": loc, "msg": msg, "type": kind, "ctx": ctx}])


def _fault(error: Mapping[str, Any], prefix: tuple[str | int, ...]) -> FieldError:
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "json_invalid" and not message.startswith("Invalid JSON"):
        message = f"Invalid JSON: {error['ctx']['error']}"
    return {
        "loc": [*prefix, *error["loc"]],
        "msg": message,
        "type": error["type"],
        "ctx": error.get("ctx", {}),
    }
