"""Stripe and Printify in memory, keeping the promises their contracts make and no more: answers get lost, lists lag,
and what happens there is told by events that a test may deliver late, twice or never.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from catalog.printify import Parcel, UpstreamOrder
from ilytat.integrations.errors import OutcomeUnknown, Refused, Unavailable
from payments.facts import DisputeFacts, RefundFacts, SessionFacts

T = TypeVar("T")
Told = tuple[str, str, dict[str, Any]]  # source, type, the object


class Killed(BaseException):
    """The process dies here: nothing of ours that is not committed remains, and nobody catches it."""


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
    told: list[Told] = field(default_factory=list)

    # --- what the shop may call (payments.gateway) -----------------------------------------------------

    def create_coupon(self, name: str, amount: int, _currency: str, *, key: str) -> None:  # noqa: ARG002 (as the gateway's)
        self.coupons[name] = amount

    def create_customer(self, params: Mapping[str, Any], *, key: str) -> str:
        return f"cus_{params['metadata']['order']}_{key}"

    def create_session(self, params: Mapping[str, Any], *, key: str) -> SessionFacts:
        return self.weather.through(lambda: self._made(params, key))

    def _made(self, params: Mapping[str, Any], key: str) -> SessionFacts:
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

    def session(self, session_id: str) -> SessionFacts:
        s = self.sessions[session_id]
        return SessionFacts(
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

    def expire_session(self, session_id: str) -> SessionFacts:
        def act() -> SessionFacts:
            if self.sessions[session_id].status != "open":
                raise Refused("not open", status=400)
            self.expire(session_id)
            return self.session(session_id)

        return self.weather.through(act)

    def create_refund(self, intent: str, amount: int, *, key: str, **_: Any) -> RefundFacts:
        def act() -> RefundFacts:
            if key not in self.refunds:
                if self.refunded(intent) + amount > self.captured(intent):
                    raise Refused("more than is left", status=400, code="charge_already_refunded")
                self._goes_back(key, intent, amount)
            return RefundFacts(f"re_{key}", "succeeded", amount, intent)

        return self.weather.through(act)

    def refunds_of(self, intent: str) -> list[RefundFacts]:
        found = [(key, amount) for key, (owner, amount) in self.refunds.items() if owner == intent]
        return [RefundFacts(f"re_{key}", "succeeded", amount, intent, key=key) for key, amount in found]

    def dispute(self, dispute_id: str) -> DisputeFacts:
        intent = dispute_id.removeprefix("du_")
        amount = self.captured(intent)
        return DisputeFacts(
            id=dispute_id,
            status="needs_response",
            reason="general",
            amount=amount,
            currency="USD",
            payment_intent=intent,
            due_by=None,
            refundable=False,
            net=-amount,
            fee=0,
            submissions=0,
        )

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

    def is_disputed(self, intent: str) -> None:
        self._tell("charge.dispute.created", {"id": f"du_{intent}", "payment_intent": intent})

    def _goes_back(self, key: str, intent: str, amount: int) -> None:
        self.refunds[key] = (intent, amount)
        self._tell("charge.refunded", {"id": f"ch_{intent}", "payment_intent": intent})

    def _tell(self, type_: str, about: dict[str, Any]) -> None:
        self.told.append(("stripe", type_, about))

    # --- the truth ---------------------------------------------------------------------------------------

    def captured(self, intent: str) -> int:
        return sum(s.amounts[2] for s in self.paid() if s.intent == intent)

    def refunded(self, intent: str) -> int:
        return sum(amount for owner, amount in self.refunds.values() if owner == intent)

    def paid(self) -> list[Session]:
        return [s for s in self.sessions.values() if s.payment_status == "paid"]


@dataclass
class Draft:
    id: str
    external_id: str
    status: str = "on-hold"
    parcels: tuple[Parcel, ...] = ()
    seen: bool = False  # in the list, which lags


@dataclass
class Printify:
    weather: Weather = field(default_factory=Weather)
    drafts: dict[str, Draft] = field(default_factory=dict)
    productions: Counter[str] = field(default_factory=Counter)
    too_early: bool = False
    told: list[Told] = field(default_factory=list)

    # --- what the shop may call (catalog.printify) -------------------------------------------------------

    def create_order(self, body: Mapping[str, Any]) -> str:
        def act() -> str:
            known = next((d for d in self.drafts.values() if d.external_id == body["external_id"]), None)
            if known is None:  # else a 409, which the client turns into the id it names
                known = Draft(f"p{len(self.drafts) + 1}", body["external_id"])
                self.drafts[known.id] = known
                self._tell("order:created", known)
            return known.id

        return self.weather.through(act)

    def order(self, order_id: str) -> UpstreamOrder:
        draft = self.drafts[order_id]
        printing = draft.status in {"in-production", "fulfilled"}
        return UpstreamOrder(draft.id, draft.external_id, draft.status, 100, draft.parcels, printing)

    def find_order(self, external_id: str) -> UpstreamOrder | None:
        found = [d for d in self.drafts.values() if d.external_id == external_id and d.seen]
        for draft in self.drafts.values():
            draft.seen = True
        return self.order(found[0].id) if found else None

    def send_to_production(self, order_id: str, *, live: bool) -> None:  # noqa: ARG002 (as the client's)
        def act() -> None:
            if self.too_early:
                self.too_early = False
                raise Refused("still processing", status=400, code="8502")
            if self.drafts[order_id].status == "on-hold":
                self.productions[self.drafts[order_id].external_id] += 1
                self._becomes(order_id, "in-production")

        self.weather.through(act)

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

    def trouble(self, order_id: str, status: str) -> None:
        self._becomes(order_id, status)

    def _becomes(self, order_id: str, status: str) -> None:
        self.drafts[order_id].status = status
        self._tell("order:updated", self.drafts[order_id])

    def _tell(self, type_: str, draft: Draft) -> None:
        self.told.append(("printify", type_, {"id": draft.id}))
