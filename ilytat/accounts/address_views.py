"""The address book: what a buyer need not type again. The checkout offers it, nothing demands it."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ilytat.accounts.forms import AddressForm
from ilytat.accounts.models import Address

if TYPE_CHECKING:
    from ilytat.accounts.views import SignedIn

MOST = 20


@never_cache
@login_required
def addresses(request: "SignedIn") -> HttpResponse:
    saved = list(request.user.addresses.all())
    return render(request, "account/addresses.html", {"addresses": saved, "full": len(saved) >= MOST})


@never_cache
@login_required
def address(request: "SignedIn", pk: int | None = None) -> HttpResponse:
    """A new one without `pk`; somebody else's is not there."""
    kept = get_object_or_404(request.user.addresses, pk=pk) if pk else Address(user=request.user)
    form = AddressForm(request.POST or None, initial=model_to_dict(kept))
    full = pk is None and request.user.addresses.count() >= MOST
    if request.method == "POST" and not full and form.is_valid():
        form.keep(kept)
        messages.success(request, _("The address is saved."))
        return redirect("account_addresses")
    if full:
        return redirect("account_addresses")
    return render(request, "account/address.html", {"form": form, "address": kept})


@require_POST
@login_required
def address_remove(request: "SignedIn", pk: int) -> HttpResponse:
    """Twice is as good as once."""
    request.user.addresses.filter(pk=pk).delete()
    messages.success(request, _("The address is removed. Orders keep their own copy."))
    return redirect("account_addresses")
