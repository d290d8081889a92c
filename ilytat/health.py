"""The shop's health checks and setup checks, all apps' in one place.

Health checks run every five minutes and open alerts. Setup checks run in `manage.py doctor` and on the admin's Setup
check page. Both call the providers.
"""

from catalog import attention as catalog_attention
from catalog import readiness as catalog_readiness
from ilytat.accounts import readiness as accounts_readiness
from ilytat.integrations import health, readiness, readiness_checks
from notifications import attention as notifications_attention
from notifications import readiness as notifications_readiness
from orders import attention as orders_attention
from orders import readiness as orders_readiness
from payments import health as payments_health
from payments import readiness as payments_readiness

HEALTH_CHECKS: dict[str, health.Check] = {
    "printify": catalog_attention.reachable,
    "catalogue": catalog_attention.recent,
    "mail": notifications_attention.check_email,
    "orders": orders_attention.fulfilments_move,
    "stripe": payments_health.key_works,
}
SETUP_CHECKS: dict[str, readiness.Check] = {
    "backup": readiness_checks.backup,
    "beat": readiness_checks.beat,
    "clock": readiness_checks.clock,
    "legal-pages": readiness_checks.legal_pages,
    "media": catalog_readiness.media,
    "printify-approval": orders_readiness.approval,
    "printify-scopes": catalog_readiness.printify_scopes,
    "printify-webhooks": catalog_readiness.printify_webhooks,
    "sales-tax": payments_readiness.sales_tax,
    "sender-domain": notifications_readiness.sender_domain,
    "staff-login": accounts_readiness.staff_login,
    "stripe-webhooks": payments_readiness.stripe_webhooks,
    "workers": readiness_checks.workers,
}
# These make a provider do something: only `doctor` runs them, when told to.
SETUP_CHECKS_ON_REQUEST: dict[str, readiness.Check] = {"printify-round-trip": catalog_readiness.printify_round_trip}
