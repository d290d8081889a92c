"""A cart that was left at the payment page: one mail, if the buyer agreed to it there, with the way back."""

from django.conf import settings

from ilytat.display.money import format_money
from notifications import consent, mail_contexts, outbox
from orders import mails
from orders.models import Order
from payments.facts import SessionFacts

# Stripe words its own box; this is what we asked it for.
WORDING = "Stripe Checkout: consent to promotional mail (consent_collection.promotions), ticked by the buyer."


def write(order: Order, facts: SessionFacts) -> bool:
    """Call inside the transaction that expires the order. True when the reminder was queued, once a cart."""
    if not (settings.ABANDONED_CART_MAIL and facts.recovery_url and facts.promotions) or _went_on(order):
        return False
    # The tick on Stripe's page is the consent; the mail itself offers to take it back.
    consent.agree(order.email, ["carts"], language=order.language, where="payment page", wording=WORDING)
    context: mail_contexts.AbandonedCart = {
        "name": order.name,
        "lines": mails.lines(order),
        "total": format_money(order.total, order.currency, order.language),
        "url": facts.recovery_url,
    }
    outbox.queue(
        "abandoned_cart",
        dedupe_key=f"abandoned:{order.cart_id or order.number}",
        to=order.email,
        language=order.language,
        context=dict(context),
        reference=order.number,
    )
    return True


def _went_on(order: Order) -> bool:
    """The same cart, or the same buyer, ordered again meanwhile: a reminder would only confuse."""
    later = Order.objects.filter(placed_at__gt=order.placed_at)
    same_cart = order.cart_id is not None and later.filter(cart_id=order.cart_id).exists()
    return same_cart or later.filter(email=order.email, paid_at__isnull=False).exists()
