"""The clock of every Python process of a system, which a test may set forward or back; PostgreSQL keeps the true one.

Python imports `sitecustomize` from the path at each start; ours shifts `time.time`, `time.time_ns` and
`app.core.clock.now` by what stands in a file, read ten times a second. Nothing of the application knows about it.
"""

from pathlib import Path

_SITECUSTOMIZE = """
import importlib.abc, importlib.util, sys, time
from datetime import timedelta

FILE = {file!r}
true, true_ns, monotonic = time.time, time.time_ns, time.monotonic
state = [0, 0.0]

def offset():
    if monotonic() - state[1] > 0.1:
        try:
            with open(FILE) as file:
                state[:] = [int(file.read() or 0), monotonic()]
        except (OSError, ValueError):
            state[1] = monotonic()
    return state[0]

time.time = lambda: true() + offset()
time.time_ns = lambda: true_ns() + offset() * 10**9

class Clock(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "app.core.clock":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        def shifted(module):
            load(module)
            now = module.now
            module.now = lambda: now() + timedelta(seconds=offset())
        spec.loader.exec_module = shifted
        return spec

sys.meta_path.insert(0, Clock())
"""


class InjectedClock:
    """The clock of the processes that are started with `environment`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock-offset"
        self._file.write_text("0")
        hook = folder / "clock"
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(_SITECUSTOMIZE.format(file=str(self._file)))
        self.environment = {"PYTHONPATH": str(hook)}

    def jump(self, seconds: int) -> None:
        """Let the clock be so far ahead of the true one, or behind it."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self._file)
