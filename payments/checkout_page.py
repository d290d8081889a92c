"""What the checkout page shows, gathered step by step; and the totals it remembers to have shown."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ilytat.integrations import throttle
from orders import quote
from orders.cart import CartView
from orders.forms import CheckoutForm
from payments import checkout_prefill, coupons

IN_ANOTHER_TAB = gettext_lazy(
    "You're already paying for this cart in another tab or window. Finish there, or try again here."
)
SEEN = "checkout_seen"  # in the session: the totals this buyer was shown, by delivery method


@dataclass
class CheckoutPage:
    request: HttpRequest
    cart: CartView
    form: CheckoutForm
    options: list[quote.Option]
    chosen: quote.Option | None
    doubts: list[str]
    notice: str = ""
    offer: coupons.Offer | None = None
    code_problem: str = ""

    @property
    def goods(self) -> int:
        """The things themselves, less what a code takes off."""
        return self.cart.subtotal - (self.offer.discount if self.offer else 0)

    @property
    def total(self) -> int:
        return self.goods + (self.chosen.amount if self.chosen else 0)

    def ask_delivery(self, *, country: str, region: str = "", zip_code: str = "", method: str = "") -> None:
        """Fill in the ways of delivery, the chosen one, or why there are none."""
        self.offer = coupons.current(self.request, self.cart.subtotal, self.cart.currency)
        try:
            client = throttle.client_address(self.request)
            found = quote.options(self.cart, country=country, region=region, zip_code=zip_code, client=client)
        except quote.NotServed:
            self.notice = _("Nobody who prints these ships to this address. Please change the address or the cart.")
            return
        except quote.NoQuote:
            self.notice = _("Delivery cannot be calculated right now. Your cart is safe; please try again in a minute.")
            return
        self.options = self.offer.ways(found) if self.offer else found
        self.chosen = next((x for x in self.options if x.code == method), self.options[0])

    def is_agreed(self) -> bool:
        """The total is the one this session was shown, and the one in this very tab: another may have asked meanwhile.

        The form's figure can only make us ask once more; what is charged is ours.
        """
        code = self.chosen.code if self.chosen else ""
        shown = self.request.POST.get(f"total_{code}", str(self.total))
        return bool(self.request.session.get(SEEN, {}).get(code) == self.total and shown == str(self.total))

    def render(self, status: int = 200) -> HttpResponse:
        """Remembers, on our side, which totals were shown: only one of them can be agreed to."""
        self.request.session[SEEN] = {x.code: self.goods + x.amount for x in self.options}
        names = ("cart", "form", "options", "chosen", "doubts", "notice", "total", "goods", "offer", "code_problem")
        context: dict[str, Any] = {name: getattr(self, name) for name in names}
        context["taxed"] = settings.STRIPE_AUTOMATIC_TAX
        context["elements"] = settings.STRIPE_UI_MODE == "elements"
        context["offers_reminder"] = settings.ABANDONED_CART_MAIL and context["elements"]
        context["saved"] = checkout_prefill.saved(self.request)
        return render(self.request, "payments/checkout.html", context, status=status)
