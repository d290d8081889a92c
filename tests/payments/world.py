"""Stripe and Printify in memory, keeping the promises their contracts make and no more: answers get lost, lists lag,
and what happens there is told by events that a test may deliver late, twice or never.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connection, transaction

from catalog.printify.orders import Parcel, UpstreamOrder
from ilytat.integrations.errors import OutcomeUnknown, Refused, Unavailable
from payments.stripe_objects import CheckoutSessionData, DisputeFacts, RefundFacts, WarningFacts

T = TypeVar("T")
Told = tuple[str, str, dict[str, Any]]  # source, type, the object


class Killed(BaseException):
    """The process dies here: nothing of ours that is not committed remains, and nobody catches it."""


@contextmanager
def life(words: int) -> Iterator[None]:
    """A process that dies before its word number `words` to the database; 0: it lives as long as it likes.

    Words are also the borders of transactions, so that it dies before and after each commit. What was not committed
    is undone, as the database undoes it.
    """
    left = words

    def hears(execute: Callable[..., T], sql: str, params: Any, many: bool, context: dict[str, Any]) -> T:  # noqa: FBT001 (Django's signature)
        nonlocal left
        left -= 1
        if left == 0:
            if sql.startswith("ROLLBACK TO"):
                execute(sql, params, many, context)  # nobody needs to ask for it: the database undoes it by itself
            raise Killed
        return execute(sql, params, many, context)

    with suppress(Killed), connection.execute_wrapper(hears):
        yield
    if connection.needs_rollback:
        transaction.set_rollback(False)  # a statement's own block, which the test's transaction stands for


class Weather:
    """What the next write meets: "clear", "refused for now" (it did not happen), "lost" (it did, unheard) or "killed"
    (it did, and whoever asked died before writing that down).
    """

    def __init__(self) -> None:
        self.next = "clear"

    def through(self, act: Callable[[], T]) -> T:
        met, self.next = self.next, "clear"
        if met == "refused for now":
            raise Unavailable("429", status=429, code="429", retry_after=0.0)
        done = act()
        if met == "lost":
            raise OutcomeUnknown("no answer")
        if met == "killed":
            raise Killed
        return done


@dataclass
class Session:
    id: str
    order: str
    attempt: int
    amounts: tuple[int, int, int]  # goods, shipping, total
    currency: str
    discount: int = 0
    tax: int = 0
    taxes: Mapping[int, int] = field(default_factory=dict)
    status: str = "open"
    payment_status: str = "unpaid"
    intent: str = ""


def taxed(params: Mapping[str, Any], goods: int, discount: int) -> tuple[dict[int, int], int]:
    """Eight percent of each line, less its share of the discount, and of the delivery: each rounded by itself."""
    found = {}
    for item in params["line_items"]:
        amount = item["quantity"] * item["price_data"]["unit_amount"]
        found[int(item["metadata"]["line"])] = (amount - discount * amount // goods) * 8 // 100
    return found, params["shipping_options"][0]["shipping_rate_data"]["fixed_amount"]["amount"] * 8 // 100


@dataclass
class Stripe:
    weather: Weather = field(default_factory=Weather)
    sessions: dict[str, Session] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    coupons: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)  # key → intent, amount
    failed: set[str] = field(default_factory=set)  # keys of refunds that banks sent back
    disputes: dict[str, str] = field(default_factory=dict)  # intent → status
    warnings: dict[str, bool] = field(default_factory=dict)  # intent → something can still be done
    told: list[Told] = field(default_factory=list)

    # --- what the shop may call (payments.gateway) -----------------------------------------------------

    def create_coupon(self, name: str, amount: int, _currency: str, *, key: str) -> None:  # noqa: ARG002 (as the gateway's)
        self.coupons[name] = amount

    def create_customer(self, params: Mapping[str, Any], *, key: str) -> str:
        return f"cus_{params['metadata']['order']}_{key}"

    def create_session(self, params: Mapping[str, Any], *, key: str) -> CheckoutSessionData:
        return self.weather.through(lambda: self._made(params, key))

    def _made(self, params: Mapping[str, Any], key: str) -> CheckoutSessionData:
        if key not in self.keys:
            goods = sum(x["quantity"] * x["price_data"]["unit_amount"] for x in params["line_items"])
            shipping = params["shipping_options"][0]["shipping_rate_data"]["fixed_amount"]["amount"]
            discount = self.coupons[params["discounts"][0]["coupon"]] if "discounts" in params else 0
            taxes, delivery = taxed(params, goods, discount) if params["automatic_tax"]["enabled"] else ({}, 0)
            tax = sum(taxes.values()) + delivery
            made = Session(
                id=f"cs_test_{len(self.sessions) + 1:08d}",
                order=params["client_reference_id"],
                attempt=int(params["metadata"]["attempt"]),
                amounts=(goods, shipping, goods - discount + shipping + tax),
                currency=params["line_items"][0]["price_data"]["currency"].upper(),
                discount=discount,
                tax=tax,
                taxes=taxes,
            )
            self.keys[key] = made.id
            self.sessions[made.id] = made
        return self.session(self.keys[key])

    def session(self, session_id: str) -> CheckoutSessionData:
        s = self.sessions[session_id]
        return CheckoutSessionData(
            id=s.id,
            order=s.order,
            attempt=s.attempt,
            status=s.status,
            payment_status=s.payment_status,
            live=False,
            currency=s.currency,
            subtotal=s.amounts[0],
            discount=s.discount,
            shipping=s.amounts[1],
            tax=s.tax,
            taxes=s.taxes,
            total=s.amounts[2],
            url=f"https://pay.example/{s.id}" if s.status == "open" else "",
            client_secret="",
            payment_intent=s.intent,
            refunded=self.refunded(s.intent),
            fee=1,
        )

    def expire_session(self, session_id: str) -> CheckoutSessionData:
        def act() -> CheckoutSessionData:
            if self.sessions[session_id].status != "open":
                raise Refused("not open", status=400)
            self.expire(session_id)
            return self.session(session_id)

        return self.weather.through(act)

    def create_refund(self, intent: str, amount: int, *, key: str, **_: Any) -> RefundFacts:
        def act() -> RefundFacts:
            if key not in self.refunds:
                if self.takes_back(intent):
                    raise Refused("disputed", status=400, code="charge_disputed")
                if self.refunded(intent) + amount > self.captured(intent):
                    raise Refused("more than is left", status=400, code="charge_already_refunded")
                self._goes_back(key, intent, amount)
            return self.refund(f"re_{key}")

        return self.weather.through(act)

    def refund(self, refund_id: str) -> RefundFacts:
        key = refund_id.removeprefix("re_")
        intent, amount = self.refunds[key]
        ours = "" if key.startswith("dashboard") else key
        return RefundFacts(refund_id, "failed" if key in self.failed else "succeeded", amount, intent, key=ours)

    def refunds_of(self, intent: str) -> list[RefundFacts]:
        return [self.refund(f"re_{key}") for key, (owner, _amount) in self.refunds.items() if owner == intent]

    def dispute(self, dispute_id: str) -> DisputeFacts:
        intent = dispute_id.removeprefix("du_")
        amount = self.captured(intent)
        return DisputeFacts(
            id=dispute_id,
            status=self.disputes[intent],
            reason="general",
            amount=amount,
            currency="USD",
            payment_intent=intent,
            due_by=None,
            refundable=self.disputes[intent].startswith("warning"),
            net=-amount,
            fee=0,
            submissions=0,
        )

    def warning(self, warning_id: str) -> WarningFacts:
        intent = warning_id.removeprefix("issfr_")
        return WarningFacts(warning_id, "made_with_stolen_card", intent, self.warnings[intent])

    def takes_back(self, intent: str) -> bool:
        """A bank has the money, or is about to."""
        status = self.disputes.get(intent, "won")
        return not status.startswith("warning") and status != "won"

    # --- what happens by itself ------------------------------------------------------------------------

    def open(self) -> list[str]:
        return [s.id for s in self.sessions.values() if s.status == "open"]

    def pay(self, session_id: str, *, later: bool = False) -> None:
        s = self.sessions[session_id]
        s.status, s.intent = "complete", f"pi_{s.id}"
        s.payment_status = "unpaid" if later else "paid"
        self._tell("checkout.session.completed", {"id": s.id})

    def settle(self, session_id: str) -> None:
        self.sessions[session_id].payment_status = "paid"
        self._tell("checkout.session.async_payment_succeeded", {"id": session_id})

    def expire(self, session_id: str) -> None:
        self.sessions[session_id].status = "expired"
        self._tell("checkout.session.expired", {"id": session_id})

    def refund_in_dashboard(self, intent: str, amount: int) -> None:
        self._goes_back(f"dashboard-{len(self.refunds)}", intent, amount)

    def fails(self, key: str) -> None:
        """A bank sends a refund back."""
        self.failed.add(key)
        self._tell("refund.failed", {"id": f"re_{key}"})

    def is_disputed(self, intent: str, status: str) -> None:
        event = "updated" if intent in self.disputes else "created"
        self.disputes[intent] = status
        self._tell(f"charge.dispute.{event}", {"id": f"du_{intent}", "payment_intent": intent})

    def is_warned_of(self, intent: str, *, actionable: bool) -> None:
        event = "updated" if intent in self.warnings else "created"
        self.warnings[intent] = actionable
        self._tell(f"radar.early_fraud_warning.{event}", {"id": f"issfr_{intent}"})

    def _goes_back(self, key: str, intent: str, amount: int) -> None:
        self.refunds[key] = (intent, amount)
        self._tell("charge.refunded", {"id": f"ch_{intent}", "payment_intent": intent})

    def _tell(self, type_: str, about: dict[str, Any]) -> None:
        self.told.append(("stripe", type_, about))

    # --- the truth ---------------------------------------------------------------------------------------

    def captured(self, intent: str) -> int:
        return sum(s.amounts[2] for s in self.paid() if s.intent == intent)

    def refunded(self, intent: str) -> int:
        return sum(x for key, (owner, x) in self.refunds.items() if owner == intent and key not in self.failed)

    def paid(self) -> list[Session]:
        return [s for s in self.sessions.values() if s.payment_status == "paid"]


@dataclass
class Draft:
    id: str
    external_id: str
    body: Mapping[str, Any]
    status: str = "on-hold"
    sent: bool = False
    parcels: tuple[Parcel, ...] = ()
    seen: bool = False  # in the list, which lags


@dataclass
class Printify:
    weather: Weather = field(default_factory=Weather)
    drafts: dict[str, Draft] = field(default_factory=dict)
    productions: Counter[str] = field(default_factory=Counter)
    unasked: set[str] = field(default_factory=set)  # what its own approval printed
    too_early: bool = False
    told: list[Told] = field(default_factory=list)

    # --- what the shop may call (catalog.printify.client) -------------------------------------------------------

    def create_order(self, body: Mapping[str, Any]) -> str:
        def act() -> str:
            known = next((d for d in self.drafts.values() if d.external_id == body["external_id"]), None)
            if known is None:  # else a 409, which the client turns into the id it names
                known = Draft(f"p{len(self.drafts) + 1}", body["external_id"], body)
                self.drafts[known.id] = known
                self._tell("order:created", known)
            return known.id

        return self.weather.through(act)

    def order(self, order_id: str) -> UpstreamOrder:
        draft = self.drafts[order_id]
        return UpstreamOrder(draft.id, draft.external_id, draft.status, 100, draft.parcels, draft.sent)

    def find_order(self, external_id: str) -> UpstreamOrder | None:
        found = [d for d in self.drafts.values() if d.external_id == external_id and d.seen]
        self.list_catches_up()
        return self.order(found[0].id) if found else None

    def send_to_production(self, order_id: str, *, live: bool) -> None:  # noqa: ARG002 (as the client's)
        def act() -> None:
            if self.too_early:
                self.too_early = False
                raise Refused("still processing", status=400, code="8502")
            if self.drafts[order_id].status == "on-hold":
                self._begins(order_id)

        self.weather.through(act)

    def shipping_costs(self, _lines: Sequence[Mapping[str, Any]], _address: Mapping[str, str]) -> dict[str, int]:
        return {"standard": 475}

    def cancel(self, order_id: str) -> None:
        def act() -> None:
            if self.drafts[order_id].status != "on-hold":
                raise Refused("too late", status=400)
            self._becomes(order_id, "canceled")

        self.weather.through(act)

    # --- what happens by itself --------------------------------------------------------------------------

    def ship(self, order_id: str, number: str, *, last: bool) -> None:
        draft = self.drafts[order_id]
        draft.parcels += (Parcel("usps", number, "", delivered=False),)
        self._becomes(order_id, "fulfilled" if last else "partially-fulfilled")

    def deliver(self, order_id: str) -> None:
        draft = self.drafts[order_id]
        draft.parcels = tuple(Parcel(p.carrier, p.number, p.url, delivered=True) for p in draft.parcels)
        self._tell("order:shipment:delivered", draft)

    def leaves_without_number(self, order_id: str) -> None:
        self._becomes(order_id, "fulfilled")

    def trouble(self, order_id: str, status: str) -> None:
        self._becomes(order_id, status)

    def list_catches_up(self) -> None:
        """It lags by a look, yet never by hours."""
        for draft in self.drafts.values():
            draft.seen = True

    def approves_by_itself(self, order_id: str) -> None:
        """The store's approval is not Manual."""
        self.unasked.add(self.drafts[order_id].external_id)
        self._begins(order_id)

    def _begins(self, order_id: str) -> None:
        draft = self.drafts[order_id]
        draft.sent = True
        self.productions[draft.external_id] += 1
        self._becomes(order_id, "in-production")

    def in_state(self, *statuses: str) -> list[str]:
        return [draft.id for draft in self.drafts.values() if draft.status in statuses]

    def _becomes(self, order_id: str, status: str) -> None:
        self.drafts[order_id].status = status
        self._tell("order:updated", self.drafts[order_id])

    def _tell(self, type_: str, draft: Draft) -> None:
        self.told.append(("printify", type_, {"id": draft.id}))
