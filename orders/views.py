"""The cart and the order page. Each view's docstring names the context of its template."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from catalog import availability, sales, shipping
from catalog.models import Product, Variant
from ilytat.integrations import limits
from ilytat.pages.countries import country_name
from orders import access, back_in_stock, quote
from orders import cart as carts
from orders.cart import CartView
from orders.emails import address_lines
from orders.forms import AddForm, FindForm, LineForm, WatchForm, country_choices
from orders.models import Cart, Order
from orders.states import OrderState
from orders.tracking import progress

REMOVED = "cart_removed"  # in the session, until the cart page has told it
BEST = 4


@never_cache
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    """See `cart_page`."""
    return cart_page(request)


def cart_page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    """`cart` (CartView), `options` (list of quote.ShippingOption, [] when unknown), `served` (all is sent to that
    country), `country`, `countries` ((code, name) pairs), `quantity_max`, `taxed`, `removed` (what was just taken out,
    or None), `best` (sales.BestSellers, for an empty cart), and what the caller adds: `code_problem`, from the
    payments' side.
    """
    current = carts.current(request)
    shown = carts.view(current)
    country = (current.country if current else "") or quote.default_country()
    options, served = _options(shown, country, limits.client_address(request))
    context = {
        "cart": shown,
        "options": options,
        "served": served,
        "country": country,
        "countries": country_choices(_countries(shown, country)),
        "quantity_max": settings.QUANTITY_MAX,
        "taxed": settings.STRIPE_AUTOMATIC_TAX,
        "removed": _removed(request),
        "best": None if shown.lines else sales.best(BEST),
    }
    return render(request, "orders/cart.html", context | more, status=status)


def _countries(shown: CartView, chosen: str) -> list[str]:
    """Where every printer of these things sends to; the chosen one stays, so that the page can say why it cannot be."""
    there = shipping.served([line.product for line in shown.lines], settings.SHIP_TO_COUNTRIES)
    return [code for code in settings.SHIP_TO_COUNTRIES if code in there or code == chosen]


def _options(shown: CartView, country: str, client: str) -> tuple[list[quote.ShippingOption], bool]:
    """The ways of delivery, and whether everything in the cart is sent there at all."""
    try:
        return (quote.options_or_none(shown, country=country, client=client) if shown.buyable else []), True
    except quote.DestinationNotServed:
        return [], False


def _removed(request: HttpRequest) -> dict[str, Any] | None:
    """Told once: the `variant` that was taken out and its `quantity`, to be put back by one press."""
    pk, quantity = request.session.pop(REMOVED, (0, 0))
    variant = Variant.objects.select_related("product").filter(pk=pk).first() if pk else None
    return {"variant": variant, "quantity": quantity} if variant and variant.sellable else None


@require_POST
@limits.ratelimit("60/minute")  # each without a cart makes one
def cart_add(request: HttpRequest) -> HttpResponse:
    """Form fields product, variant (Printify's id), quantity, back. To the product or the cart, with a message."""
    form = AddForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose what is offered on this page."))
        return redirect(_back(request))
    too_old = availability.ensure_fresh([form.cleaned_data["product"]])
    variant = _variant(form.cleaned_data["product"], form.cleaned_data["variant"])
    if too_old:
        messages.error(request, _("We cannot check the stock right now. Please try again in a minute."))
        return redirect(f"{variant.product.get_absolute_url()}?variant={variant.variant_id}")
    if not variant.sellable:
        messages.error(request, _("%(what)s is sold out at the moment.") % {"what": variant})
        return redirect(f"{variant.product.get_absolute_url()}?variant={variant.variant_id}")
    try:
        carts.add(carts.ensure(request), variant, form.cleaned_data["quantity"])
    except carts.CartFull:
        messages.error(request, _("The cart is full. Please order what is in it first."))
    else:
        messages.success(request, _("%(what)s is in your cart.") % {"what": variant}, extra_tags="added")
    if form.cleaned_data["back"]:
        return redirect("cart")
    return redirect(f"{variant.product.get_absolute_url()}?variant={variant.variant_id}")


def _variant(product_id: int, variant_id: int) -> Variant:
    return get_object_or_404(Variant.objects.select_related("product"), product_id=product_id, variant_id=variant_id)


def _back(request: HttpRequest) -> str:
    """The product page the form stood on, if it was one of ours that still exists; else the list."""
    known = Variant.objects.select_related("product").filter(product_id=_number(request.POST.get("product"))).first()
    return known.product.get_absolute_url() if known else reverse("products")


def _number(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < len("2147483647") else 0


@require_POST
@limits.ratelimit("60/minute")
def cart_update(request: HttpRequest) -> HttpResponse:
    """Form fields line and quantity (0 removes), or country. Back to the cart."""
    current = carts.current(request)
    form = LineForm(request.POST)
    if current is None or not form.is_valid():
        messages.error(request, _("The cart could not be changed like that."))
        return redirect("cart")
    if form.cleaned_data["country"]:
        current.country = form.cleaned_data["country"]
        current.save(update_fields=["country", "updated_at"])
    elif form.cleaned_data["line"]:
        _change(request, current, form.cleaned_data["line"], form.cleaned_data["quantity"] or 0)
    return redirect("cart")


def _change(request: HttpRequest, mine: Cart, line_id: int, quantity: int) -> None:
    line = mine.lines.filter(pk=line_id).first()
    carts.set_quantity(mine, line_id, quantity)
    if line and not quantity:
        request.session[REMOVED] = (line.variant_id, line.quantity)
    else:
        messages.success(request, _("The cart is up to date."))


@never_cache
@require_GET
@limits.ratelimit("30/minute", methods=frozenset({"GET"}))  # each without a cart makes one
def cart_restore(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the abandoned-cart email: to the cart, or to the order where it was paid meanwhile."""
    abandoned = get_object_or_404(Order, token=token)
    if abandoned.state != OrderState.EXPIRED:
        return redirect(abandoned)
    carts.restore(request, abandoned)
    return redirect("cart")


@never_cache
@require_GET
def order(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `steps` (list of tracking.Step), `parcels` (Shipments), `packed` (each with its lines, [] when unknown),
    `still_to_come` (lines), `canceled` (lines, and whether each was refunded), `fulfilment` (or None), `cancel_until`,
    `changeable`, `swappable` (lines), `claimable`,
    `withdrawable` (lines), `claims`, `remedy` (what a claim was answered with, or None), `arrived_count`,
    `traveling_count`, `proven` (the visitor has shown that it is theirs), `address_lines` (then).
    """
    found = Order.objects.filter(token=token).first()
    if found is None:
        raise Http404
    proven = access.knows_email(request, found)
    context = progress(found) | {"proven": proven, "address_lines": _address(found) if proven else []}
    response = render(request, "orders/order.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


def _address(found: Order) -> list[str]:
    """The country by its name in the reader's language, not by its code."""
    return [*address_lines(found)[:-1], country_name(found.country)]


@never_cache
@limits.ratelimit("10/minute")
def order_find(request: HttpRequest) -> HttpResponse:
    """`form`. The answer is the same for a wrong number and a wrong e-mail."""
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        number, email = form.cleaned_data["number"], form.cleaned_data["email"]
        found = Order.objects.filter(number=number).first()
        if access.prove_by_email(request, found, email, number=number) and found:
            return redirect(found)
        form.add_error(None, _("We found no order with this number and e-mail address."))
    return render(request, "orders/find.html", {"form": form}, status=200)


def wording() -> str:
    """What stands beside the field where the address is typed."""
    return _("One mail when it can be ordered again, and no other. You confirm by a link.")


@never_cache
@limits.ratelimit("5/minute")
def wait_for(request: HttpRequest, product_id: int) -> HttpResponse:
    """`form`, `product`, `wording`; then `email`, `proven`. One answer for every address, known or not."""
    product = get_object_or_404(Product.objects.for_sale(), pk=product_id)
    form = WatchForm(product, request.POST or None, initial=_known(request))
    if not form.variants.exists():
        messages.info(request, _("Nothing of it is sold out."))
        return redirect(product)
    if request.method == "POST" and form.is_valid():
        return _asked(request, product, form)
    context = {"form": form, "product": product, "wording": wording()}
    return render(request, "orders/watch.html", context, status=422 if form.errors else 200)


def _known(request: HttpRequest) -> dict[str, str]:
    email = request.user.email if request.user.is_authenticated else ""
    return {"variant": request.GET.get("variant", ""), "email": email}


def _asked(request: HttpRequest, product: Product, form: WatchForm) -> HttpResponse:
    email = form.cleaned_data["email"]
    # Who is signed in has confirmed the account's address.
    proven = request.user.is_authenticated and request.user.email == email
    language = get_language() or "en"
    back_in_stock.ask(form.cleaned_data["variant"], email, language=language, wording=wording(), proven=proven)
    return render(request, "orders/watch_asked.html", {"email": email, "proven": proven, "product": product})


@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """`watch`, `product`. The link only shows the page: mail programs open links by themselves."""
    watch = back_in_stock.watch_of(token)
    if watch is None:
        return render(request, "orders/watch_stale.html", status=410)
    if request.method == "POST":
        back_in_stock.confirm(watch)
    template = "orders/watch_confirmed.html" if request.method == "POST" else "orders/watch_confirm.html"
    return render(request, template, {"watch": watch, "product": watch.variant.product})
