"""Work in a process of its own, of lower priority, so that what computes there keeps nobody here waiting (ADR 52)."""

from app.core.apart.asking import Apart
from app.core.apart.frames import Work

__all__ = ["Apart", "Work"]
