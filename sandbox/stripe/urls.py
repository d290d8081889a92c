"""Paths of the Stripe stand-in: the API below /stripe, the shopper's pages and the control at the root."""

from django.urls import URLPattern, path, re_path

from sandbox import control as control_page
from sandbox import deliveries
from sandbox.stripe import control, elements, events, pay, views
from sandbox.stripe.api import Endpoint, by_method


def _api(route: str, **methods: Endpoint) -> URLPattern:
    return path(f"stripe/v1/{route}", by_method(**methods))


urlpatterns = [
    _api("checkout/sessions", GET=views.list_sessions, POST=views.create_session),
    _api("checkout/sessions/<str:name>", GET=views.retrieve_session, POST=views.update_session),
    _api("checkout/sessions/<str:name>/expire", POST=views.expire_session),
    _api("checkout/sessions/<str:name>/line_items", GET=views.list_lines),
    _api("payment_intents", GET=views.list_intents),
    _api("payment_intents/<str:name>", GET=views.retrieve_intent),
    _api("charges", GET=views.list_charges),
    _api("charges/<str:name>", GET=views.retrieve_charge),
    _api("refunds", GET=views.list_refunds, POST=views.create_refund),
    _api("refunds/<str:name>", GET=views.retrieve_refund, POST=views.update_refund),
    _api("disputes", GET=views.list_disputes),
    _api("disputes/<str:name>", GET=views.retrieve_dispute, POST=views.update_dispute),
    _api("disputes/<str:name>/close", POST=views.close_dispute),
    _api("radar/early_fraud_warnings", GET=views.list_warnings),
    _api("radar/early_fraud_warnings/<str:name>", GET=views.retrieve_warning),
    _api("balance", GET=views.retrieve_balance),
    _api("balance_transactions", GET=views.list_transactions),
    _api("balance_transactions/<str:name>", GET=views.retrieve_transaction),
    _api("events", GET=views.list_events),
    _api("events/<str:name>", GET=views.retrieve_event),
    _api("webhook_endpoints", GET=views.list_endpoints, POST=views.create_endpoint),
    _api(
        "webhook_endpoints/<str:name>",
        GET=views.retrieve_endpoint,
        POST=views.update_endpoint,
        DELETE=views.delete_endpoint,
    ),
    _api("customers", GET=views.list_customers, POST=views.create_customer),
    _api("customers/<str:name>", GET=views.retrieve_customer, DELETE=views.delete_customer),
    _api("coupons", GET=views.list_coupons, POST=views.create_coupon),
    _api("coupons/<str:name>", GET=views.retrieve_coupon),
    _api("promotion_codes", GET=views.list_promotions, POST=views.create_promotion),
    _api("promotion_codes/<str:name>", GET=views.retrieve_promotion),
    re_path(r"^stripe/(?P<rest>.*)$", by_method()),
    path("stripe.js", elements.script),
    path("elements/session", elements.session),
    path("elements/confirm", elements.confirm),
    path("pay/<str:name>", pay.page),
    path("recover/<str:name>", pay.recover),
    path("receipts/<str:name>", pay.receipt),
    path("control/stripe/switches", control.switches),
    path("control/stripe/sessions/<str:name>/<str:step>", control.session_step),
    path("control/stripe/payment_intents/<str:name>/<str:step>", control.intent_step),
    path("control/stripe/refunds/<str:name>/<str:step>", control.refund_step),
]

deliveries.register_signer("stripe", events.sign)
control_page.register(control.SECTION)
