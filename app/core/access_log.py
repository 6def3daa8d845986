"""The access log: which requests get a line. Structured, to stderr like every other; rotation is the platform's."""

from collections.abc import Sequence

import structlog

from app.core.settings import Settings, get_settings

INGEST = ("POST", "/data")
# Asked every few seconds by machines, which have the answer.
_PROBES = {("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics")}

log = structlog.get_logger("access")


class AccessLog:
    """Decides and writes for one process."""

    def __init__(self, settings: Settings) -> None:
        self._lines = settings.access_log
        self._one_in = settings.access_log_ingest if settings.access_log == "all" else 0
        self._passed = 0

    @property
    def every_reading(self) -> bool:
        """Whether each stored request has its line, with its id: the bare path, which knows none, is then not taken."""
        return self._one_in == 1

    def wants(self, method: str, route: str, status: int) -> bool:
        """Whether a request gets a line; its route is the template."""
        if self._lines == "off" or status >= 400:
            return self._lines != "off"
        if self._lines == "errors" or (method, route) in _PROBES:
            return False
        return bool(self._due(1)) if (method, route) == INGEST else True

    def note_readings(self, seconds: Sequence[float]) -> None:
        """Stored requests of the bare path, all of one commit; at most one in so many gets a line."""
        if self._one_in and (due := self._due(len(seconds))):
            for taken in seconds[-due:]:
                log.info(
                    "request",
                    method=INGEST[0],
                    path=INGEST[1],
                    status=201,
                    milliseconds=round(taken * 1000, 2),
                    one_in=self._one_in,
                )

    def _due(self, count: int) -> int:
        """How many lines so many more stored requests are worth."""
        if not self._one_in:
            return 0
        lines, self._passed = divmod(self._passed + count, self._one_in)
        return lines


access_log = AccessLog(get_settings())
