"""A provider that does not accept our key: one incident for all of its work.

The open alert `provider:<name>` is the state, so it needs no table of its own. While it is open no call goes out except
the provider's health check, which closes it; rows that need the provider wait (see `jobs`). Staff who close the alert
let the next call try at once.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from ilytat.integrations import alerts
from ilytat.integrations.errors import FORBIDDEN, KeyRejected, NotConfigured
from ilytat.integrations.models import Alert, HealthResult

UNAUTHORIZED = 401
PERMISSION_SILENCE = timedelta(hours=6)  # without another 403, before its incident is over


def alert_key(name: str) -> str:
    return f"provider:{name}"


def permission_key(name: str) -> str:
    return f"{alert_key(name)}:permission"


def close_quiet_permission(name: str) -> None:
    """Called by the health check while the provider accepts the key."""
    since = timezone.now() - PERMISSION_SILENCE
    if Alert.objects.filter(key=permission_key(name), closed_at__isnull=True, last_at__lt=since).exists():
        alerts.close_alert(permission_key(name))


def is_rejected(name: str) -> bool:
    """Return whether the provider rejected our key, or we have none, and no health check has succeeded since."""
    return Alert.objects.filter(key=alert_key(name), closed_at__isnull=True).exists()


@dataclass(frozen=True)
class Provider:
    """`name` is also the name of its health check. `next_step` tells staff how to renew the key."""

    name: str
    title: str
    next_step: str

    def is_down(self) -> bool:
        """Return whether the last health check failed."""
        return HealthResult.objects.filter(name=self.name, state="down").exists()

    def ensure_accepted(self) -> None:
        """Raise KeyRejected, without a call, while the key is known to be rejected."""
        if is_rejected(self.name):
            raise KeyRejected(f"{self.title} does not accept our key. Waiting for a new one.")

    def rejected(self, detail: str, *, status: int, is_probe: bool = False) -> KeyRejected:
        """Open the incident for an answer of 401 or 403. Return the error to raise. Call outside a transaction.

        A 403 means that the key lacks a permission for this one call: other calls go on. The health check cannot see
        that permission, so this incident is over when no call has met it for hours. `is_probe`: the call only asked
        whether the permission is there, so nothing waits for it.
        """
        if status == FORBIDDEN:
            message = f"{self.title}: our key lacks a permission ({detail})."
            if not is_probe:
                alerts.open_alert(permission_key(self.name), message, next_step=self.next_step)
        else:
            message = f"{self.title} does not accept our key. All work for {self.title} waits."
            alerts.open_alert(alert_key(self.name), message, next_step=self.next_step)
        return KeyRejected(f"{message} ({detail})", status=status)

    def not_configured(self, setting: str) -> NotConfigured:
        """Open the incident for a key that is not set. Return the error to raise. Call outside a transaction."""
        detail = f"{setting} is not set."
        alerts.open_alert(alert_key(self.name), f"{self.title}: {detail}", next_step=self.next_step)
        return NotConfigured(detail)
