"""Ports for the processes that tests start."""

from ilytat.devserver import processes
from tests import spread

SHARES = 16


def free_port() -> int:
    """From this worker's own share: a port that another worker has looked at, but not yet taken, is never ours."""
    return processes.free_port(processes.OURS[spread.worker() % SHARES :: SHARES])
