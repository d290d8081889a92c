"""What the checkout need not ask again: the address book of the account, or this browser's last order."""

from typing import Any

from django.http import HttpRequest

from orders import identity, lifecycle, quote
from orders.addresses import Address
from orders.cart import CartView
from payments import order_placement

COLUMNS = tuple(Address.__dataclass_fields__)


def saved(request: HttpRequest) -> list[Any]:
    """The account's addresses, the usual one first; by the reverse relation, since accounts stand outside."""
    return list(request.user.addresses.all()) if request.user.is_authenticated else []


def fields(request: HttpRequest, shown: CartView) -> dict[str, Any]:
    """First values of the checkout's fields: the address that was chosen (`?address=`), else the newest we know."""
    email = {"email": getattr(request.user, "email", "")}
    book = saved(request)
    chosen = next((x for x in book if str(x.pk) == request.GET.get("address")), None)
    rows = order_placement.mine(request).exclude(name="").reverse()
    last = next((order for order in rows if identity.is_proven(request, order)), None)  # a link alone shows no address
    if chosen is None and last:
        return {**lifecycle.address_of(last).as_columns(), "email": last.email, "method": last.shipping_method}
    if chosen or book:
        return email | {name: getattr(chosen or book[0], name) for name in COLUMNS}
    country = (shown.cart.country if shown.cart else "") or quote.default_country()
    return email | {"country": country}
