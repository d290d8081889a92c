"""Random orders of news, repeats, lost answers, deaths and interleavings: the invariants I1 to I8 hold.

The machine plays buyer, Stripe, Printify, carrier, staff, beat and worker against the real code and database; the two
providers are those of `world`. After every step the invariants are looked at; at the end the weather clears, all news
is delivered and every worker looks until nothing moves: then nothing may be left undone.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalog import printify as printify_module
from ilytat.integrations import inbox, jobs
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.models import Alert, InboundEvent
from notifications import outbox
from notifications.models import OutgoingEmail
from orders import lifecycle
from orders.models import Fulfilment, Order, Shipment
from orders.registry import queue as printing
from orders.states import FULFILMENT_RANK, OrderState, may_move
from payments import checkout, gateway, reconcile, refunds, truth
from payments.models import CheckoutSession, Payment, Refund
from tests import factories
from tests.payments.world import Killed, Printify, Stripe

PASS = timedelta(hours=2)
DRAIN_ROUNDS = 60
EASY = ["clear", "refused for now", "lost", "killed"]
# `make chaos` takes its time.
EXAMPLES = 150 if os.environ.get("CHAOS") == "full" else 8
CALLED = ("create_session", "session", "expire_session", "create_refund", "refunds_of", "dispute")


class Shop(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        self.patch = pytest.MonkeyPatch()
        self.stripe, self.printify = Stripe(), Printify()
        for name in CALLED:
            self.patch.setattr(gateway, name, getattr(self.stripe, name))
        self.patch.setattr(printify_module, "client", lambda: self.printify)
        cart = factories.cart(factories.variant())
        self.orders = [factories.order(factories.variant(), cart=cart, quantity=n) for n in (1, 2)]
        self.orders.append(factories.order(factories.variant()))
        self.totals = {order.pk: order.total for order in self.orders}
        self.was = self._states()
        self.ranks: dict[int, int] = {}
        self.delivered: list[tuple[str, str, str, dict[str, Any]]] = []
        self.refusals: set[str] = set()  # numbers that staff or a bank decided against

    def teardown(self) -> None:
        try:
            self._drain()
            self._nothing_left()
        finally:
            self.patch.undo()
            transaction.set_rollback(True)
            self.world.__exit__(None, None, None)

    # --- the buyer ------------------------------------------------------------------------------------------

    @initialize(which=st.integers(0, 2), far=st.integers(0, 5))
    def somebody_buys(self, which: int, far: int) -> None:
        """Anything up to a shipped parcel has gone smoothly."""
        self.presses_pay(which, "clear")
        if far >= 1:
            self.stripe.pay(self.stripe.open()[0])
        if far >= 2:
            truth.status(self._order(which), "")
        if far >= 3:
            self._work(printing)
        if far >= 4:
            self._make_due()
            self._work(printing)
        if far >= 5:
            self.printify.ship(self._printing()[0], "n0", last=True)

    @precondition(lambda self: self._unpaid())
    @rule(which=st.integers(0, 2), weather=st.sampled_from(EASY))
    def presses_pay(self, which: int, weather: str) -> None:
        order = self._order(which)
        self.stripe.weather.next = weather
        with suppress(IntegrationError, checkout.NotPayable, Killed):
            checkout.supersede(order)
            checkout.start(order)
        self.stripe.weather.next = "clear"

    @precondition(lambda self: self.stripe.open())
    @rule(data=st.data(), later=st.booleans())
    def pays(self, data: st.DataObject, later: bool) -> None:  # noqa: FBT001 (hypothesis passes by name)
        self.stripe.pay(data.draw(st.sampled_from(self.stripe.open())), later=later)

    @precondition(lambda self: self._owed())
    @rule(data=st.data())
    def money_arrives(self, data: st.DataObject) -> None:
        self.stripe.settle(data.draw(st.sampled_from(self._owed())))

    @precondition(lambda self: self.stripe.open())
    @rule(data=st.data())
    def gives_up(self, data: st.DataObject) -> None:
        self.stripe.expire(data.draw(st.sampled_from(self.stripe.open())))

    @precondition(lambda self: self._unpaid())
    @rule(which=st.integers(0, 2))
    def looks_at_the_success_page(self, which: int) -> None:
        truth.status(self._order(which), "")

    # --- banks and staff ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.stripe.paid())
    @rule(data=st.data(), part=st.sampled_from([1, 10**9]))
    def is_refunded_in_the_dashboard(self, data: st.DataObject, part: int) -> None:
        session = data.draw(st.sampled_from(self.stripe.paid()))
        amount = min(part, self.stripe.captured(session.intent) - self.stripe.refunded(session.intent))
        if amount > 0:
            self.refusals.add(session.order)
            self.stripe.refund_in_dashboard(session.intent, amount)

    @precondition(lambda self: self.stripe.paid())
    @rule(data=st.data())
    def is_disputed(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(self.stripe.paid()))
        self.refusals.add(session.order)
        self.stripe.is_disputed(session.intent)

    @precondition(lambda _: Payment.objects.exists())
    @rule(amount=st.integers(1, 4000))
    def staff_give_back(self, amount: int) -> None:
        for payment in Payment.objects.all():
            with suppress(refunds.NotRefundable):
                refunds.give_back(payment, amount, reason="requested_by_customer", asked_by="staff")
                self.refusals.add(payment.order.number)

    @precondition(lambda _: Fulfilment.objects.exclude(state__in=("delivered", "shipped")).exists())
    @rule(press=st.sampled_from([lifecycle.retry, lifecycle.release]))
    def staff_press(self, press: Any) -> None:
        for job in Fulfilment.objects.select_related("order"):
            press(job, who="staff")

    # --- the news ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.stripe.told + self.printify.told)
    @rule(data=st.data())
    def news_arrives_in_any_order(self, data: st.DataObject) -> None:
        waiting = self.stripe.told + self.printify.told
        news = data.draw(st.sampled_from(range(len(waiting))))
        source, type_, about = waiting[news]
        (self.stripe.told if source == "stripe" else self.printify.told).remove(waiting[news])
        self._deliver((f"evt_{len(self.delivered)}", source, type_, about))

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), twin=st.booleans())
    def news_comes_again(self, data: st.DataObject, twin: bool) -> None:  # noqa: FBT001 (as above)
        name, *news = data.draw(st.sampled_from(self.delivered))
        self._deliver((f"{name}_twin" if twin else name, *news))

    def _deliver(self, news: tuple[str, str, str, dict[str, Any]]) -> None:
        name, source, type_, about = news
        body = {"data": {"object": about}} if source == "stripe" else {"resource": about}
        inbox.receive(source, name, type_, body)
        self.delivered.append(news)

    # --- the machine room -----------------------------------------------------------------------------------------

    @precondition(lambda _: InboundEvent.objects.filter(state="new").exists())
    @rule(killed=st.booleans())
    def inbox_is_worked_on(self, killed: bool) -> None:  # noqa: FBT001 (as above)
        """Killed: within the transaction, when the first mail of the news has been written."""
        with pytest.MonkeyPatch.context() as patch:
            if killed:
                patch.setattr(outbox, "queue", _killed_after(outbox.queue))
            self._work(inbox.queue)

    @precondition(lambda _: Fulfilment.objects.exclude(state__in=("delivered", "attention")).exists())
    @rule(weather=st.sampled_from(EASY), early=st.booleans(), grace=st.booleans())
    def printing_is_worked_on(self, weather: str, early: bool, grace: bool) -> None:  # noqa: FBT001 (as above)
        if not grace:
            Fulfilment.objects.update(release_at=timezone.now() - PASS)
        self.printify.weather.next, self.printify.too_early = weather, early
        self._work(printing)
        self.printify.weather.next, self.printify.too_early = "clear", False

    @precondition(lambda _: Refund.objects.filter(state="new").exists())
    @rule(weather=st.sampled_from(EASY))
    def refunds_are_worked_on(self, weather: str) -> None:
        self.stripe.weather.next = weather
        self._work(refunds.queue)
        self.stripe.weather.next = "clear"

    @precondition(lambda _: CheckoutSession.objects.filter(state__in=checkout.OPEN).exists())
    @rule()
    def the_beat_reconciles(self) -> None:
        reconcile.open_sessions(silent_for_minutes=0)
        reconcile.overdue_sessions()

    @precondition(lambda self: self.stripe.open() or Fulfilment.due().exists())
    @rule()
    def time_passes(self) -> None:
        self._make_due()

    def _make_due(self) -> None:
        now = timezone.now()
        for session_id in self.stripe.open():
            self.stripe.expire(session_id)  # as it was told when it was made
        CheckoutSession.objects.update(expires_at=now - PASS)
        Fulfilment.objects.update(release_at=now - PASS)
        Fulfilment.objects.filter(last_try__isnull=False).update(last_try=now - PASS)

    @precondition(lambda self: self.stripe.open())
    @rule()
    def its_last_minute_has_begun(self) -> None:
        """The shop makes another attempt now, though this one can still be paid."""
        CheckoutSession.objects.update(expires_at=timezone.now() + timedelta(seconds=30))

    @precondition(lambda self: self._printing())
    @rule(data=st.data(), last=st.booleans())
    def a_parcel_leaves(self, data: st.DataObject, last: bool) -> None:  # noqa: FBT001 (as above)
        order_id = data.draw(st.sampled_from(self._printing()))
        self.printify.ship(order_id, f"n{len(self.printify.told)}", last=last)

    @precondition(lambda self: any(draft.parcels for draft in self.printify.drafts.values()))
    @rule(data=st.data())
    def parcels_arrive(self, data: st.DataObject) -> None:
        self.printify.deliver(data.draw(st.sampled_from(sorted(self.printify.drafts))))

    # --- what must always hold --------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_printed_twice(self) -> None:
        assert all(count == 1 for count in self.printify.productions.values())  # I1
        external = [draft.external_id for draft in self.printify.drafts.values()]
        assert len(external) == len(set(external))

    @invariant()
    def nothing_is_printed_without_its_money(self) -> None:
        for number in self.printify.productions:  # I2
            order = Order.objects.get(number=number)
            payment = Payment.objects.get(order=order, applied=True)
            assert (payment.captured, payment.currency) == (order.total, order.currency)
            assert self.stripe.captured(payment.payment_intent_id) == order.total

    @invariant()
    def no_more_goes_back_than_came(self) -> None:
        for payment in Payment.objects.all():  # I4
            assert self.stripe.refunded(payment.payment_intent_id) <= payment.captured
            wished = payment.refunds.exclude(state="failed").aggregate(n=Sum("amount"))["n"] or 0
            assert payment.refund_reserved == wished <= payment.captured
        wishes = set(Refund.objects.values_list("idempotency_key", flat=True))
        assert {key for key in self.stripe.refunds if not key.startswith("dashboard")} <= wishes

    @invariant()
    def every_mail_has_its_reason_once(self) -> None:
        kinds = list(OutgoingEmail.objects.values_list("kind", flat=True))  # I5
        assert kinds.count("order_confirmed") == Fulfilment.objects.count()
        assert kinds.count("shipped") == Shipment.objects.count()
        assert kinds.count("delivered") == Shipment.objects.filter(delivered_at__isnull=False).count()

    @invariant()
    def the_deal_stays_the_deal(self) -> None:
        assert dict(Order.objects.values_list("pk", "total")) == self.totals  # I6

    @invariant()
    def states_move_along_allowed_edges(self) -> None:
        now = self._states()  # I7
        for pk, state in now.items():
            path = OrderState.EXPIRED if (self.was[pk], state) == ("awaiting_payment", "paid") else self.was[pk]
            assert state == self.was[pk] or may_move(self.was[pk], state) or may_move(path, state)
        self.was = now
        for job in Fulfilment.objects.exclude(state__in=("attention", "canceled")):
            rank = FULFILMENT_RANK[job.state]
            assert rank >= self.ranks.get(job.pk, 0)
            self.ranks[job.pk] = rank

    # --- the end ------------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """The weather clears: all news is delivered, and everybody looks until nothing is due."""
        for session_id in self._owed():
            self.stripe.settle(session_id)
        for _ in range(DRAIN_ROUNDS):
            for source, type_, about in [*self.stripe.told, *self.printify.told]:
                self._deliver((f"evt_{len(self.delivered)}", source, type_, about))
            self.stripe.told.clear()
            self.printify.told.clear()
            self.time_passes()
            self.the_beat_reconciles()
            for queue in (inbox.queue, printing, refunds.queue):
                self._work(queue)
            if not (self.stripe.told or self.printify.told or self._open_work()):
                break
        for check in (self.nothing_is_printed_twice, self.nothing_is_printed_without_its_money):
            check()
        self.no_more_goes_back_than_came()
        self.every_mail_has_its_reason_once()

    def _open_work(self) -> bool:
        undone = Fulfilment.due().filter(state__in=("new", "created")).exists()
        return (
            undone or InboundEvent.objects.filter(state="new").exists() or Refund.objects.filter(state="new").exists()
        )

    def _nothing_left(self) -> None:
        assert not self.stripe.open()
        assert not self._open_work()
        for order in Order.objects.all():
            self._judge(order)

    def _judge(self, order: Order) -> None:
        paid = [s for s in self.stripe.paid() if s.order == order.number]
        known = set(order.payments.values_list("payment_intent_id", flat=True))
        assert {s.intent for s in paid} == known, "every payment is in the ledger"
        assert order.payments.filter(applied=True).count() == bool(paid)  # I3
        for surplus in order.payments.filter(applied=False):
            back = self.stripe.refunded(surplus.payment_intent_id)
            asks = surplus.refunds.filter(state="attention").exists()
            assert back == surplus.captured or asks, "surplus goes back, or a person is asked"
        if not paid:
            assert order.state == "expired" or not order.sessions.exists()
        elif order.number not in self.refusals:
            self._is_printed(order)

    def _is_printed(self, order: Order) -> None:
        job = Fulfilment.objects.get(order=order)
        printing = job.state in {"in_production", "shipped", "delivered"}
        printed = self.printify.productions[order.number] == 1 and printing
        told = job.state == "attention" and Alert.objects.filter(key=f"fulfilment:{job.external_id}").exists()
        assert printed or told, f"{order} is {job.state}"

    # --- helpers ------------------------------------------------------------------------------------------

    def _order(self, which: int) -> Order:
        return Order.objects.get(pk=self.orders[which].pk)

    def _unpaid(self) -> bool:
        return "awaiting_payment" in self.was.values()

    def _states(self) -> dict[int, str]:
        return dict(Order.objects.values_list("pk", "state"))

    def _owed(self) -> list[str]:
        """Completed by a debit whose money is still on its way."""
        return [s.id for s in self.stripe.sessions.values() if s.status == "complete" and s.payment_status == "unpaid"]

    def _printing(self) -> list[str]:
        return [d.id for d in self.printify.drafts.values() if d.status in {"in-production", "partially-fulfilled"}]

    def _work(self, queue: jobs.Queue[Any]) -> None:
        """Everything that is due now, whatever pause it was given."""
        queue.model._default_manager.filter(state__in=queue.model.due_states).update(
            next_at=timezone.now(), lease_until=None
        )
        for pk in queue.model.due().values_list("pk", flat=True):
            with suppress(Killed):
                jobs.work_one(queue, pk)


def _killed_after(act: Callable[..., None]) -> Callable[..., None]:
    def call(*args: Any, **kwargs: Any) -> None:
        act(*args, **kwargs)
        raise Killed

    return call


@pytest.mark.django_db
def test_whatever_comes_in_whatever_order_the_invariants_hold() -> None:
    run_state_machine_as_test(
        Shop,
        settings=hypothesis.settings(
            max_examples=EXAMPLES,
            phases=[hypothesis.Phase.generate],
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
