"""The buyer's account: their orders first. Nothing in the shop needs an account."""

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ilytat.accounts.models import User

    class SignedIn(HttpRequest):
        user: User


PAGE = 10


@never_cache
@login_required
def home(request: "SignedIn") -> HttpResponse:
    """The orders come by the reverse relation: accounts know nothing of what an order is."""
    mine = request.user.orders.select_related("fulfilment").prefetch_related("lines")
    page = Paginator(mine, PAGE).get_page(request.GET.get("page"))
    return render(request, "account/home.html", {"page": page})
