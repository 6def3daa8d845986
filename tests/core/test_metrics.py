"""Observations that are written together count as if they had come one by one."""

from app.core import metrics

SECONDS = [0.0, 0.001, 0.0011, 0.3, 99.0]


def exposed(name: str) -> list[str]:
    lines = metrics.exposition().decode().splitlines()
    return [line.replace(name, "") for line in lines if line.startswith(name)]


def test_gathered_observations_fill_the_same_buckets() -> None:
    one_by_one = metrics.Histogram("test_one_by_one", "t", buckets=(0.001, 0.01, 1.0))
    together = metrics.Histogram("test_together", "t", buckets=(0.001, 0.01, 1.0))
    gathered = metrics.Observations(together)
    for seconds in SECONDS:
        one_by_one.observe(seconds)
        gathered.add(seconds)
    assert gathered.write() == len(SECONDS)
    assert gathered.write() == 0
    assert exposed("test_together") == exposed("test_one_by_one")
