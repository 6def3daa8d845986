"""What goes wrong with an expression; `edge` answers it in Prometheus' own shape."""

from app.core.errors import Invalid, Problem, Unavailable


class BadExpression(Problem):
    """The expression cannot be read, or asks for what is not served."""

    status = 400
    kind = "bad-expression"
    title = "Bad expression"


class CannotEvaluate(Invalid):
    """Its values do not fit together."""

    kind = "cannot-evaluate"
    title = "The expression cannot be evaluated"


class TookTooLong(Unavailable):
    kind = "timeout"
    title = "The query took too long"


def unsupported(what: str) -> BadExpression:
    """Valid PromQL that is not served here."""
    return BadExpression("{what} is not supported; docs/prometheus.md lists what is.", what=what)
