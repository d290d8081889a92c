"""Asking for what is sold out. Each view's docstring names the context of its template."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from catalog.models import Product
from ilytat.integrations import throttle
from orders import stock_watch
from orders.forms import WatchForm


def wording() -> str:
    """What stands beside the field where the address is typed."""
    return _("One mail when it can be ordered again, and no other. You confirm by a link.")


@never_cache
@throttle.ratelimit("5/minute")
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
    stock_watch.ask(form.cleaned_data["variant"], email, language=language, wording=wording(), proven=proven)
    return render(request, "orders/watch_asked.html", {"email": email, "proven": proven, "product": product})


@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """`watch`, `product`. The link only shows the page: mail programs open links by themselves."""
    watch = stock_watch.watch_of(token)
    if watch is None:
        return render(request, "orders/watch_stale.html", status=410)
    if request.method == "POST":
        stock_watch.confirm(watch)
    template = "orders/watch_confirmed.html" if request.method == "POST" else "orders/watch_confirm.html"
    return render(request, template, {"watch": watch, "product": watch.variant.product})
