"""What was printed again: what it is worth when it is canceled or claimed in turn."""

import uuid

import pytest
from django.db import connection
from django.db.models import F
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ilytat.admin import ATTENTION_SOURCES
from notifications.models import OutgoingEmail
from orders import allocation, changes, claims
from orders.models import Claim, Fulfilment, Order
from orders.models.claim import ClaimKind
from payments.models import Payment, Refund
from tests import factories
from tests.orders.test_claims import charged, claimed

pytestmark = pytest.mark.django_db


def reprinted(*, discount: int = 0) -> Claim:
    """The first order (24.99 and 4.75 for delivery, less a discount) was printed again, and that is claimed too."""
    claim = claimed()
    total = claim.order.total - discount
    Order.objects.filter(pk=claim.order_id).update(discount=discount, total=total)
    claim.order.refresh_from_db()
    charged(claim.order)
    assert claims.reprint(claim, who="eva")
    order = Order.objects.get(reprint_of=claim.order)
    Fulfilment.objects.filter(order=order).update(sent_at=timezone.now(), printify_order_id="p9", state="shipped")
    lines = order.lines.all()
    return claims.receive(order, key=uuid.uuid4(), kind=ClaimKind.WRONG, lines=lines, words="Again.", photos=[])


@pytest.mark.parametrize(("discount", "paid_for_it"), [(0, 2499), (1000, 1499), (2499, 0)])
def test_a_reprints_claim_is_worth_what_the_first_order_cost(discount: int, paid_for_it: int) -> None:
    claim = reprinted(discount=discount)
    assert (claims.worth(claim), claims.refundable(claim)) == (paid_for_it, paid_for_it)


def test_what_went_back_for_the_first_one_does_not_go_back_again_for_its_reprint() -> None:
    claim = reprinted()
    first = Claim.objects.get(order=allocation.first(claim.order))
    refund = Refund.objects.create(payment=Payment.objects.get(), amount=2499, asked_by="eva")
    refund.lines.create(line=first.lines.get(), quantity=1)
    assert (claims.worth(claim), claims.refundable(claim)) == (2499, 0)


def test_a_reprints_claim_is_paid_back_from_the_first_order() -> None:
    claim = reprinted()
    assert claims.refund(claim, who="eva")
    refund = Refund.objects.get()
    assert refund.payment.order == claim.order.reprint_of
    assert (refund.amount, claim.refund) == (2499, 2499)


def test_a_reprint_of_a_reprint_still_knows_who_paid() -> None:
    claim = reprinted()
    assert claims.reprint(claim, who="eva")
    last = Order.objects.get(reprint_of=claim.order)
    assert allocation.first(last).payments.exists()
    assert allocation.of_reprint(last) == 2499


def test_a_reprint_that_is_called_off_gives_back_what_was_paid_for_it() -> None:
    claim = claimed()
    Order.objects.filter(pk=claim.order_id).update(discount=1000, total=1974)
    claim.order.refresh_from_db()
    charged(claim.order)
    claims.reprint(claim, who="eva")
    changes.cancel(Order.objects.get(reprint_of=claim.order))
    assert Refund.objects.get().amount == 1499


def swapped_reprint() -> Order:
    """A reprint for which the buyer chose another size; the first order has a dearer line as well."""
    claim = claimed()
    factories.order_line(claim.order, factories.variant(price=4000))
    charged(claim.order, captured=claim.order.total + 4000)
    claims.reprint(claim, who="eva")
    order = Order.objects.get(reprint_of=claim.order)
    line = order.lines.get()
    other = factories.variant(line.product, option_ids=[521, 15], title="White / M")
    assert changes.swap(line, other)
    return order


def test_canceling_a_reprint_whose_line_was_swapped_gives_back_what_was_paid_for_it() -> None:
    order = swapped_reprint()
    assert changes.cancel(order) == 2499
    refund = Refund.objects.get()
    assert (refund.amount, refund.lines.get().line) == (2499, order.lines.get().repeats)
    assert OutgoingEmail.objects.get(kind="order_canceled").context["refund"] == "$24.99"


def test_a_claim_on_a_swapped_line_is_worth_what_was_paid_for_it() -> None:
    order = swapped_reprint()
    lines = order.lines.all()
    claim = claims.receive(order, key=uuid.uuid4(), kind=ClaimKind.WRONG, lines=lines, words="", photos=[])
    assert (claims.worth(claim), claims.refundable(claim)) == (2499, 2499)
    assert claims.refund(claim, who="eva")
    assert Refund.objects.get().amount == 2499


def test_a_claim_on_a_line_that_repeats_none_is_worth_nothing() -> None:
    order = swapped_reprint()
    order.lines.update(repeats=None)
    lines = list(order.lines.all())
    dear = allocation.first(order).lines.get(unit_price=4000)
    assert dear.variant
    known = factories.order_line(order, dear.variant)
    order.lines.filter(pk=known.pk).update(repeats=dear)
    claim = claims.receive(order, key=uuid.uuid4(), kind=ClaimKind.WRONG, lines=lines, words="", photos=[])
    assert claims.worth(claim) == 0


def test_canceling_a_reprint_says_why_nothing_goes_back() -> None:
    """Its items were refunded before; other items of the first order were not."""
    order = swapped_reprint()
    refund = Refund.objects.create(payment=Payment.objects.get(), amount=2499, asked_by="eva")
    refund.lines.create(line=order.lines.get().repeats, quantity=1)
    Payment.objects.update(refund_reserved=2499)
    assert changes.cancel(order) == 0
    email = OutgoingEmail.objects.get(kind="order_canceled")
    assert email.context["nothing"] == "items refunded before"
    for part in ("text.txt", "body.html"):
        mail = render_to_string(f"emails/order_canceled/{part}", email.context)
        assert "What you paid for these items was refunded before." in mail
        assert "Everything you paid" not in mail


def test_canceling_a_reprint_of_what_cost_nothing_says_that_nothing_was_charged() -> None:
    claim = claimed()
    Order.objects.filter(pk=claim.order_id).update(discount=2499, total=475)
    claim.order.refresh_from_db()
    charged(claim.order)
    claims.reprint(claim, who="eva")
    assert changes.cancel(Order.objects.get(reprint_of=claim.order)) == 0
    assert OutgoingEmail.objects.get(kind="order_canceled").context["nothing"] == "not charged"


def test_the_queries_for_open_claims_do_not_grow_with_their_number() -> None:
    source = ATTENTION_SOURCES["claims"]

    def claim_reprints() -> None:
        """One claim on a reprint, and one on a reprint of a reprint."""
        for is_second in (False, True):
            Fulfilment.objects.update(printify_order_id=F("external_id"))  # the fixtures' own is the same each time
            claim = reprinted()
            if is_second:
                assert claims.reprint(claim, who="eva")
                order = Order.objects.get(reprint_of=claim.order)
                lines = order.lines.all()
                claims.receive(order, key=uuid.uuid4(), kind=ClaimKind.WRONG, lines=lines, words="", photos=[])

    claim_reprints()
    with CaptureQueriesContext(connection) as few:
        rows = list(source.rows())
    for _ in range(3):
        claim_reprints()
    with CaptureQueriesContext(connection) as many:
        rows += source.rows()
    assert len(rows) == 2 + 8
    assert {row.costs for row in rows} == {"A refund is $24.99; a reprint about $11.00 and delivery."}
    assert len(many) == len(few)
