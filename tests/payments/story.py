"""A shop with three orders to come, played by `test_orderings`: what must hold after every step, and at the end.

At the end the weather clears, all news is delivered and every worker looks until nothing moves: then nothing may be
left undone.
"""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine, invariant

from catalog.printify import client as printify_module
from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications.models import OutgoingEmail
from orders import tasks
from orders.models import Claim, EarlierDraft, Fulfilment, Order, OrderLine, Shipment
from orders.registry import queue as printing
from orders.states import FULFILMENT_RANK, ORDER_MOVES, OrderState
from payments import checkout, gateway, refunds
from payments.models import CheckoutSession, Payment, Refund
from tests import factories
from tests.payments.world import Killed, Printify, Stripe, life

PASS = timedelta(hours=2)
MONTHS = timedelta(days=60)
DRAIN_ROUNDS = 60
CALLED = ("create_session", "session", "expire_session", "create_refund", "refund", "refunds_of", "dispute", "warning")
News = tuple[str, str, str, dict[str, Any]]  # event id, source, type, the object


def base(external_id: str) -> str:
    """The order's number, of whatever revision."""
    return external_id.partition("-")[0]


class Story(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        self.patch = pytest.MonkeyPatch()
        self.stripe, self.printify = Stripe(), Printify()
        for name in CALLED:
            self.patch.setattr(gateway, name, getattr(self.stripe, name))
        self.patch.setattr(printify_module, "Printify", lambda *_args: self.printify)
        printify_module.printify.cache_clear()
        cache.clear()
        small = factories.variant()
        factories.variant(small.product, option_ids=[521, 15], title="White / M")
        cart = factories.cart(factories.variant())
        self.orders = [factories.order(factories.variant(), cart=cart), factories.order(small, cart=cart, quantity=2)]
        self.orders.append(factories.order(factories.variant()))
        self.totals = {order.pk: order.total for order in self.orders}
        self.ranks: dict[tuple[int, int], int] = {}
        self.delivered: list[News] = []
        self.decided: set[str] = set()  # numbers about which a person or a bank has decided something

    def teardown(self) -> None:
        try:
            self._drain()
            self._nothing_left()
        finally:
            self.patch.undo()
            printify_module.printify.cache_clear()
            transaction.set_rollback(True)
            self.world.__exit__(None, None, None)

    # --- what must always hold --------------------------------------------------------------------------------

    @invariant()
    def nothing_is_printed_twice(self) -> None:
        assert all(count == 1 for count in self.printify.productions.values())  # I1
        external = [draft.external_id for draft in self.printify.drafts.values()]
        assert len(external) == len(set(external))
        by_ourselves = [base(x) for x in self.printify.productions if x not in self.printify.unasked]
        assert len(by_ourselves) == len(set(by_ourselves)), "one revision of an order"

    @invariant()
    def nothing_is_printed_without_its_money(self) -> None:
        for external_id in self.printify.productions:  # I2
            order = Order.objects.get(number=base(external_id))
            paid = order.reprint_of or order
            while paid.reprint_of:
                paid = paid.reprint_of
            payment = Payment.objects.get(order=paid, applied=True)
            assert (payment.captured, payment.currency) == (paid.total, paid.currency)
            assert self.stripe.captured(payment.payment_intent_id) == paid.total

    @invariant()
    def what_is_called_off_is_not_printed_by_us(self) -> None:
        canceled = set(Order.objects.filter(state=OrderState.CANCELED).values_list("number", flat=True))
        printed = {base(x) for x in self.printify.productions if x not in self.printify.unasked}
        assert not canceled & printed

    @invariant()
    def what_is_printed_is_what_was_bought(self) -> None:
        for draft in self.printify.drafts.values():  # I6
            if draft.external_id not in self.printify.productions or draft.external_id in self.printify.unasked:
                continue
            order = Order.objects.get(number=base(draft.external_id))
            assert draft.body["address_to"]["city"] == order.city
            bought = order.lines.values_list("printify_variant_id", "quantity")
            assert [(x["variant_id"], x["quantity"]) for x in draft.body["line_items"]] == list(bought)

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
        found = set(OutgoingEmail.objects.values_list("dedupe_key", flat=True))  # I5; the key is unique
        bought = Fulfilment.objects.filter(order__reprint_of=None)
        assert {f"confirmation:{job.order.number}" for job in bought.select_related("order")} <= found
        assert {x for x in found if x.startswith("shipped:")} == {
            f"shipped:{pk}" for pk in Shipment.objects.values_list("pk", flat=True)
        }
        arrived = Shipment.objects.filter(delivered_at__isnull=False).values_list("pk", flat=True)
        assert {x for x in found if x.startswith("delivered:")} == {f"delivered:{pk}" for pk in arrived}
        answered = Claim.objects.exclude(state="open").values_list("pk", flat=True)
        assert {x for x in found if x.startswith("claim answered:")} == {f"claim answered:{pk}" for pk in answered}
        called_off = bought.filter(order__state=OrderState.CANCELED).values_list("order__number", flat=True)
        assert {f"canceled:{number}" for number in called_off} <= found

    @invariant()
    def an_answer_is_what_it_says(self) -> None:
        for claim in Claim.objects.all():
            assert (claim.state == "reprinted") == (claim.reprint_id is not None)
            assert (claim.state == "refunded") == (claim.refund > 0)
        granted = Claim.objects.aggregate(n=Sum("refund"))["n"] or 0
        noted = Refund.objects.filter(note__startswith="claim:").aggregate(n=Sum("amount"))["n"] or 0
        assert granted == noted, "no claim is called refunded without its refund"

    @invariant()
    def the_deal_stays_the_deal(self) -> None:
        bought = Order.objects.filter(reprint_of=None)  # I6
        assert dict(bought.values_list("pk", "total")) == self.totals
        assert not Order.objects.exclude(reprint_of=None).exclude(total=0).exists()

    @invariant()
    def states_move_along_allowed_edges(self) -> None:
        for order in Order.objects.prefetch_related("events"):  # I7
            path = [OrderState.PAID if order.reprint_of_id else OrderState.AWAITING_PAYMENT]
            path += [OrderState(event.new) for event in order.events.all() if event.what == "state"]
            assert all(new in ORDER_MOVES[old] for old, new in pairwise(path)), path
            assert path[-1] == order.state, "the history tells every move"
        for job in Fulfilment.objects.all():
            key, rank = (job.pk, job.revision), FULFILMENT_RANK.get(job.state)
            assert rank is None or rank >= self.ranks.get(key, 0)
            self.ranks[key] = rank or 0  # out of attention it may begin a step earlier: it looks there first

    # --- the end ------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """The weather clears: all news is delivered, and everybody looks until nothing is due."""
        for session_id in self._owed():
            self.stripe.settle(session_id)
        for _ in range(DRAIN_ROUNDS):
            for source, type_, about in [*self.stripe.told, *self.printify.told]:
                self._deliver((f"evt_{len(self.delivered)}", source, type_, about))
            self.stripe.told.clear()
            self.printify.told.clear()
            self._make_due()
            self._reconciled()
            for queue in (inbox.queue, printing, refunds.queue):
                self._work(queue)
            if not (self.stripe.told or self.printify.told or self._open_work()):
                break
        self._every_invariant()
        self._months_pass()
        self._every_invariant()

    def _every_invariant(self) -> None:
        self.nothing_is_printed_twice()
        self.nothing_is_printed_without_its_money()
        self.what_is_called_off_is_not_printed_by_us()
        self.what_is_printed_is_what_was_bought()
        self.no_more_goes_back_than_came()
        self.every_mail_has_its_reason_once()
        self.an_answer_is_what_it_says()
        self.states_move_along_allowed_edges()

    def _open_work(self) -> bool:
        undone = Fulfilment.due().filter(state__in=("new", "created", "canceling")).exists()
        return (
            undone or InboundEvent.objects.filter(state="new").exists() or Refund.objects.filter(state="new").exists()
        )

    def _nothing_left(self) -> None:
        assert not self.stripe.open()
        assert not self._open_work()
        assert not InboundEvent.objects.filter(state="attention").exists(), "all news was understood"
        for order in Order.objects.all():
            self._judge(order)
        for job in Fulfilment.objects.filter(state__in=("in_production", "shipped", "delivered", "ended")):
            drafts = [d for d in self.printify.drafts.values() if base(d.external_id) == job.order.number]
            older = [d for d in drafts if d.id != job.printify_order_id]
            assert all(d.status == "canceled" or d.sent for d in older), "no draft is left beside the newest"
        for job in Fulfilment.objects.filter(state__in=("in_production", "shipped")):
            with_staff = job.order.state == "attention" or job.order.claims.filter(state="open").exists()
            assert with_staff or job.printify_order_id in self.printify.in_state("in-production", "partially-fulfilled")

    def _judge(self, order: Order) -> None:
        paid = [s for s in self.stripe.paid() if s.order == order.number]
        known = set(order.payments.values_list("payment_intent_id", flat=True))
        assert {s.intent for s in paid} == known, "every payment is in the ledger"
        assert order.payments.filter(applied=True).count() == bool(paid)  # I3
        for surplus in order.payments.filter(applied=False):
            back = self.stripe.refunded(surplus.payment_intent_id)
            assert back == surplus.captured or self._is_asked(surplus), "surplus goes back, or a person is asked"
        if order.state == OrderState.CANCELED:
            self._is_called_off(order)
        elif order.reprint_of_id or (paid and order.number not in self.decided):
            self._is_printed(order)
        elif not paid:
            assert order.state == "expired" or not order.sessions.exists()

    def _is_asked(self, payment: Payment) -> bool:
        """The money cannot go back by itself: its row rests, or staff were told."""
        resting = payment.refunds.filter(state__in=("attention", "failed")).exists()
        told = Alert.objects.filter(key=f"refund-order:{payment.order.number}")
        return resting or told.exists() or self.stripe.takes_back(payment.payment_intent_id)

    def _is_called_off(self, order: Order) -> None:
        job = Fulfilment.objects.filter(order=order).first()
        if job and job.state == "canceled":
            drafts = [d for d in self.printify.drafts.values() if base(d.external_id) == order.number]
            settled = order.events.filter(why="settled by hand").exists()
            assert settled or all(d.status == "canceled" for d in drafts)
        else:
            assert job is None or job.state == "attention"
        for payment in order.payments.all():
            assert payment.left == 0 or self._is_asked(payment), "all of it goes back, or a person is asked"

    def _is_printed(self, order: Order) -> None:
        job = Fulfilment.objects.get(order=order)
        printing = job.state in {"in_production", "shipped", "delivered", "ended"}
        printed = printing and self.printify.productions[job.external_id] == 1
        told = job.state == "attention" and Alert.objects.filter(key=f"fulfilment:{job.external_id}").exists()
        settled = job.state == "ended" and order.events.filter(why="settled by hand").exists()
        assert printed or told or settled or job.open_holds, f"{order} is {job.state}"

    # --- helpers ------------------------------------------------------------------------------------------------

    def _order(self, which: int) -> Order:
        return Order.objects.get(pk=self.orders[which].pk)

    def _owed(self) -> list[str]:
        """Completed by a debit whose money is still on its way."""
        return [s.id for s in self.stripe.sessions.values() if s.status == "complete" and s.payment_status == "unpaid"]

    def _printing(self) -> list[str]:
        return self.printify.in_state("in-production", "partially-fulfilled")

    def _deliver(self, news: News) -> None:
        name, source, type_, about = news
        body = {"data": {"object": about}} if source == "stripe" else {"resource": about}
        inbox.receive(source, name, type_, body)
        self.delivered.append(news)

    def _work(self, queue: jobs.Queue[Any], *, words: int = 0) -> None:
        """Everything that is due now, whatever pause it was given; the worker dies after so many words."""
        queue.model._default_manager.filter(state__in=queue.model.due_states).update(
            next_at=timezone.now(), lease_until=None
        )
        with life(words):
            for pk in list(queue.model.due().values_list("pk", flat=True)):
                with suppress(Killed):
                    jobs.work_one(queue, pk)

    def _reconciled(self) -> None:
        checkout.refresh_open_sessions(silent_for_minutes=0)
        checkout.close_overdue_sessions()

    def _make_due(self) -> None:
        now = timezone.now()
        self.printify.list_catches_up()
        for session_id in self.stripe.open():
            self.stripe.expire(session_id)  # as it was told when it was made
        CheckoutSession.objects.update(expires_at=now - PASS)
        Fulfilment.objects.update(release_at=now - PASS)
        Fulfilment.objects.filter(last_try__isnull=False).update(last_try=now - PASS)
        EarlierDraft.objects.update(last_try=now - PASS, made_at=now - PASS)

    def _months_pass(self, words: int = 0) -> None:
        """Nobody reports anything more: what is on its way is asked about, then over."""
        long_ago = timezone.now() - MONTHS
        Order.objects.update(arrives_until=long_ago.date())
        Shipment.objects.update(shipped_at=long_ago)
        for column in ("left_at", "asked_at"):
            Fulfilment.objects.exclude(**{column: None}).update(**{column: long_ago})
        self._work(printing, words=words)
        with life(words):
            tasks.end_unreported()
        Fulfilment.objects.exclude(asked_at=None).update(asked_at=long_ago)
        with life(words):
            tasks.tell_of_delays()
            tasks.end_unreported()

    def _other_size(self, line: OrderLine) -> Any:
        return line.product and line.product.variants.exclude(variant_id=line.printify_variant_id).first()
