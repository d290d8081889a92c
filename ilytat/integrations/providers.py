"""A provider that does not accept our key: one incident for all of its work.

The open alert `provider:<name>` is the state, so it needs no table of its own. While it is open no call goes out except
the provider's health check, which closes it; rows that need the provider wait (see `jobs`). Staff who close the alert
let the next call try at once, and so does a process that was started with other credentials than the rejected ones.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ilytat.integrations import alerts, failure_texts
from ilytat.integrations.errors import FORBIDDEN, KeyRejected, NotConfigured
from ilytat.integrations.models import Alert, HealthResult

log = logging.getLogger(__name__)
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


def correct_incident(name: str, message: str, next_step: str) -> None:
    """Replace the open incident when the health check knows a better cause than the call that opened it.

    The new alert is mailed to staff, who have read the wrong cause.
    """
    incident = Alert.objects.filter(key=alert_key(name), closed_at__isnull=True).first()
    if incident and (incident.message, incident.next_step) != (message, next_step):
        alerts.close_alert(incident.key)
        digest = incident.credentials_digest
        alerts.open_alert(incident.key, message, next_step=next_step, credentials_digest=digest)


@dataclass(frozen=True)
class Provider:
    """`name` is also the name of its health check. `next_step` tells staff how to renew the key.

    `credentials` names the settings that decide whether the provider accepts a call.
    """

    name: str
    title: str
    next_step: str
    credentials: tuple[str, ...]

    def is_down(self) -> bool:
        """Return whether the last health check failed."""
        return HealthResult.objects.filter(name=self.name, state="down").exists()

    def has_failed_within(self, period: timedelta) -> bool:
        """Return whether the provider rejects our key or fails its health check, or did so within `period`."""
        rows = Alert.objects.filter(key__in=[alert_key(self.name), f"health:{self.name}"])
        return rows.filter(Q(closed_at=None) | Q(closed_at__gt=timezone.now() - period)).exists()

    def ensure_accepted(self) -> None:
        """Raise KeyRejected, without a call, while the credentials of this process are known to be rejected."""
        rows = Alert.objects.filter(key=alert_key(self.name), closed_at__isnull=True)
        if incident := rows.filter(credentials_digest=self._credentials_digest()).first():
            raise KeyRejected(incident.message, next_step=incident.next_step)

    def rejected(self, said: str, *, status: int, call: str, is_probe: bool = False) -> KeyRejected:
        """Open the incident for an answer of 401 or 403. Return the error to raise. Call outside a transaction.

        A 403 means that the key lacks a permission for this one call: other calls go on. The health check cannot see
        that permission, so this incident is over when no call has met it for hours. `is_probe`: the call only asked
        whether the key or a permission is there, so it neither alerts staff to a permission nor changes an incident.
        `said` is the provider's message, as it came. `call` is for the log: a path, or Stripe's id of the request.
        """
        log.warning("key rejected", extra={"provider": self.name, "call": call, "status": status, "answer": said})
        if status == FORBIDDEN:
            message = f"{self.title}: our key lacks a permission. {failure_texts.says(self.title, said)}".strip()
            if not is_probe:
                alerts.open_alert(permission_key(self.name), message, next_step=self.next_step)
        else:
            message = f"{self.title} does not accept our key. All work for {self.title} waits."
            if not (is_probe and is_rejected(self.name)):
                self._open_incident(message)
        return KeyRejected(message, status=status, next_step=self.next_step)

    def not_configured(self, setting: str) -> NotConfigured:
        """Open the incident for a key that is not set. Return the error to raise. Call outside a transaction."""
        detail = f"{setting} is not set."
        self._open_incident(f"{self.title}: {detail}")
        return NotConfigured(detail, next_step=self.next_step)

    def _open_incident(self, message: str) -> None:
        digest = self._credentials_digest()
        alerts.open_alert(alert_key(self.name), message, next_step=self.next_step, credentials_digest=digest)

    def _credentials_digest(self) -> str:
        values = [str(getattr(settings, name)) for name in self.credentials]
        return salted_hmac(alert_key(self.name), "\n".join(values), algorithm="sha256").hexdigest()[:16]
