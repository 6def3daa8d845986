"""Being sparing with memory, for processes that serve for weeks."""

import ctypes
import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_ARENAS = 2
# Half a column of a piece of an answer: what is as large goes back to the system as soon as it is freed.
_MMAP_BYTES = 256 * 1024


def spare_memory() -> None:
    """Keep little of what was freed, and nothing that is not used; before the first thread starts."""
    _leave_pandas_out()
    # Arrow's own allocator keeps 15 MB more of an export than glibc does with these settings.
    pa.set_memory_pool(pa.system_memory_pool())
    # Each arena of glibc keeps what its threads have freed; there would be eight a core.
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is not None and hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
        libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)


class _NoPandas(MetaPathFinder):
    """Finds that pandas is not installed."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


def _leave_pandas_out() -> None:
    """Where pandas is installed, pyarrow imports it at the first list it is given, to see whether that is one of its
    own: 45 MB, and half a second in which nobody else gets the interpreter. It looks once, and here it finds nothing.
    """
    blind = _NoPandas()
    sys.meta_path.insert(0, blind)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(blind)
