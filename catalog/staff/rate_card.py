"""What the control panel says of shipping while Printify gives no live quotes."""

from collections import Counter

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import shipping_rates, shipping_surcharge
from catalog.models import Product


def notice() -> str:
    """Say from when the rate card is, what is added, and for how many products nothing can be quoted."""
    surcharge, cards = shipping_surcharge.current(), dict(shipping_rates.usable())
    profiles = Counter(Product.objects.for_sale().values_list("blueprint_id", "print_provider_id"))
    read = [cards[shipping_rates.key(*pair)] for pair in profiles if shipping_rates.key(*pair) in cards]
    is_quoting = surcharge.is_on and bool(read)
    unknown = sum(count for pair, count in profiles.items() if not is_quoting or shipping_rates.key(*pair) not in cards)
    sentences = []
    if is_quoting:
        when = date_format(timezone.localtime(min(read)), "Y-m-d H:i T")
        text = _("Shipping is quoted from the rate card of %(when)s, plus %(surcharge)s.")
        sentences.append(text % {"when": when, "surcharge": surcharge})
    if unknown:
        text = ngettext(
            "Nothing can be quoted for %(count)s product.", "Nothing can be quoted for %(count)s products.", unknown
        )
        sentences.append(text % {"count": unknown})
    return " ".join(sentences)
