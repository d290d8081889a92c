"""The abandoned-cart email: one reminder of a cart that was left at the payment page, if its buyer agreed to it.

Anybody may type any address at checkout, so a ticked box is the consent of the address's owner only when the address
is proven to belong to the one who ticked (`is_proven`). Stripe's page asks in its own box. In Elements mode there is no
such page, and our checkout asks.
"""

from urllib.parse import urljoin

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from ilytat.integrations.email import normalized_or_blank
from notifications import consent, mail_contexts, outbox
from orders import mails
from orders.models import Order
from payments.facts import SessionFacts

# Stripe words its own box; this is what we asked it for.
WORDING = "Stripe Checkout: consent to promotional mail (consent_collection.promotions), ticked by the buyer."


def agree_at_checkout(order: Order, *, wording: str) -> None:
    """Record that the buyer ticked our own box, which said `wording`. Call inside the transaction that places it.

    Nothing is recorded for an address that is not proven.
    """
    if is_proven(order):
        consent.agree_by_tick(order.email, "carts", language=order.language, where="checkout page", wording=wording)


def write(order: Order, facts: SessionFacts) -> bool:
    """Call inside the transaction that expires the order. True when the reminder was queued, once a cart."""
    if not settings.ABANDONED_CART_MAIL or _went_on(order) or not is_proven(order):
        return False
    if facts.promotions:
        consent.agree_by_tick(order.email, "carts", language=order.language, where="payment page", wording=WORDING)
    if not consent.may_write(order.email, "carts"):
        return False
    context: mail_contexts.AbandonedCart = {
        "name": order.name,
        "lines": mails.lines(order),
        "totals": mails.totals(order),
        # Not Stripe's recovery link: it would charge the old prices for a month.
        "url": urljoin(settings.SITE_URL, reverse("cart_restore", args=[order.token])),
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


def is_proven(order: Order) -> bool:
    """Return whether the order's address belongs to the one who placed it.

    Either the account that placed it has confirmed exactly this address; or this account, or this browser (its cart),
    paid an earlier order under exactly this address. That somebody else has an account or an order under it proves
    nothing: a stranger may type it.
    """
    if EmailAddress.objects.filter(
        user_id=order.user_id, user_id__isnull=False, email=normalized_or_blank(order.email), verified=True
    ).exists():
        return True
    same_buyer = Q(user_id=order.user_id, user_id__isnull=False) | Q(cart_id=order.cart_id, cart_id__isnull=False)
    earlier = Order.objects.paid().filter(same_buyer, email=order.email, paid_at__lt=order.placed_at)
    # Reprints, and what a code made free, cost nobody anything.
    return earlier.filter(total__gt=0).exists()


def _went_on(order: Order) -> bool:
    """The same cart, or the same buyer, ordered again meanwhile: a reminder would only confuse."""
    later = Order.objects.filter(placed_at__gt=order.placed_at)
    same_cart = order.cart_id is not None and later.filter(cart_id=order.cart_id).exists()
    return same_cart or later.filter(email=order.email, paid_at__isnull=False).exists()
