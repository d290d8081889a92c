"""Named leases: a singleton's turn, and the heartbeat of a long one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from ilytat.integrations.models import Lease


@contextmanager
def acquire(name: str, seconds: float) -> Iterator[bool]:
    """Yields True to the one holder for at most `seconds`, False to everyone else (who should simply leave)."""
    token, now = uuid.uuid4().hex, timezone.now()
    Lease.objects.bulk_create([Lease(name=name, until=now)], ignore_conflicts=True)
    free = Lease.objects.filter(name=name, until__lte=now)
    acquired = bool(free.update(token=token, until=now + timedelta(seconds=seconds), beat_at=now))
    try:
        yield acquired
    finally:
        if acquired:
            Lease.objects.filter(name=name, token=token).update(until=timezone.now())


def heartbeat(name: str) -> None:
    now = timezone.now()
    if not Lease.objects.filter(name=name).update(beat_at=now):
        Lease.objects.bulk_create([Lease(name=name, beat_at=now)], ignore_conflicts=True)
