"""Waiting for something that is sold out: asked on its page, confirmed by mail, told once when it is back.

A stranger who types somebody's address causes one mail, which asks; only the address itself can say yes (H18).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from catalog import availability
from catalog.images.encode import mail_url
from catalog.models import Variant
from ilytat.integrations import privacy
from ilytat.pages.money import format_money
from notifications import consent, contexts, outbox, waits
from notifications.models import OutgoingEmail
from orders.cart import pictures
from orders.models import StockWatch, WatchState

SALT = "stock-watch"
TOPIC = "stock"
DAILY = 3  # questions to one address that strangers can cause
BATCH = 200  # watchers told of one variant in one go
KEEP = timedelta(days=30)  # an unanswered question, and what was told
WAIT = timedelta(days=365)  # nobody remembers asking


def ask(variant: Variant, email: str, *, language: str, wording: str, proven: bool) -> None:
    """Somebody typed this address; `proven`: they are signed in with it. One question an address and variant.

    The caller shows the same page whatever comes of it.
    """
    if not proven and _too_many(email):
        return
    with transaction.atomic():
        watch, new = StockWatch.objects.get_or_create(variant=variant, email=email, defaults={"language": language})
        asked = new or _anew(watch)
        if asked:
            reader = consent.known(email, language)
            consent.record(reader, consent.Act.ASKED, [TOPIC], where="product page", wording=wording)
        if proven:
            confirm(watch, where="product page")
        elif asked:
            _question(watch)


def _too_many(email: str) -> bool:
    since = timezone.now() - timedelta(days=1)
    return OutgoingEmail.objects.filter(kind="confirm_stock", to=email, created_at__gt=since).count() >= DAILY


def _anew(watch: StockWatch) -> bool:
    """Who was told once may ask for the next time."""
    notified = StockWatch.objects.filter(pk=watch.pk, state=WatchState.TOLD)
    return bool(notified.update(state=WatchState.ASKED, asked_at=timezone.now(), confirmed_at=None, told_at=None))


def _question(watch: StockWatch) -> None:
    context: contexts.ConfirmStock = {
        "email": watch.email,
        "url": settings.SITE_URL + reverse("stock_watch_confirm", args=[token(watch)]),
        "title": watch.variant.product.title,
        "label": watch.variant.label,
    }
    key = f"confirm-stock:{watch.pk}:{timezone.now().isoformat()}"
    outbox.queue("confirm_stock", dedupe_key=key, to=watch.email, language=watch.language, context=dict(context))


def token(watch: StockWatch) -> str:
    return signing.dumps(watch.pk, salt=SALT)


def watch_of(token_: str) -> StockWatch | None:
    """None for a link that is forged, too old, or of a row that was forgotten."""
    try:
        pk = signing.loads(token_, salt=SALT, max_age=KEEP)
    except signing.BadSignature:
        return None
    return StockWatch.objects.select_related("variant__product").filter(pk=pk).first()


def confirm(watch: StockWatch, *, where: str = "link in the mail") -> None:
    """Safe to repeat. The address said yes to the words that were shown where it was typed."""
    asked = StockWatch.objects.filter(pk=watch.pk, state=WatchState.ASKED)
    with transaction.atomic():
        if asked.update(state=WatchState.WAITING, confirmed_at=timezone.now()):
            words = consent.words_asked(consent.known(watch.email, watch.language), [TOPIC])
            consent.agree(watch.email, [TOPIC], language=watch.language, where=where, wording=words)


def notify_watchers() -> None:
    """Everybody whose variant can be bought again, once each. Safe to repeat, and to run beside itself."""
    waiting = StockWatch.objects.filter(state=WatchState.WAITING)
    back = Variant.objects.sellable().filter(pk__in=waiting.values("variant"))
    for variant in back.select_related("product"):
        if availability.sellable(variant):
            for watch in waiting.filter(variant=variant).order_by("pk")[:BATCH]:
                _tell(watch, variant)


def _tell(watch: StockWatch, variant: Variant) -> None:
    """Marked and queued in one step; the key holds the asking, so that who asks again is told again."""
    key, context = f"back-in-stock:{watch.pk}:{watch.asked_at.isoformat()}", dict(_news(watch, variant))
    rows = StockWatch.objects.filter(pk=watch.pk, state=WatchState.WAITING)
    with transaction.atomic():
        if rows.update(state=WatchState.TOLD, told_at=timezone.now()):
            outbox.queue("back_in_stock", dedupe_key=key, to=watch.email, language=watch.language, context=context)


def _news(watch: StockWatch, variant: Variant) -> contexts.BackInStock:
    image = pictures([variant]).get(variant.pk)
    file = image.files.get("400", "") if image else ""
    return {
        "title": variant.product.title,
        "label": variant.label,
        "amount": format_money(variant.price, settings.SHOP_CURRENCY, watch.language),
        "image": mail_url(file),
        "url": settings.SITE_URL + _address(variant),
    }


def _address(variant: Variant) -> str:
    return f"{variant.product.get_absolute_url()}?variant={variant.variant_id}"


def _waiting(email: str) -> QuerySet[StockWatch]:
    return StockWatch.objects.filter(email=email, state=WatchState.WAITING)


def _listing(email: str) -> Iterator[waits.Wait]:
    for watch in _waiting(email).select_related("variant__product"):
        variant = watch.variant
        yield waits.Wait(str(watch.pk), variant.product.title, variant.label, _address(variant))


def _stop(email: str, key: str) -> bool:
    """Only what this address waits for."""
    stopped = [watch.pk for watch in _waiting(email) if str(watch.pk) == key]
    return bool(_waiting(email).filter(pk__in=stopped).delete()[0])


def delete_old() -> None:
    """What was told, what was never confirmed, and what nobody remembers."""
    now = timezone.now()
    done = Q(state=WatchState.TOLD, told_at__lt=now - KEEP) | Q(state=WatchState.ASKED, asked_at__lt=now - KEEP)
    StockWatch.objects.filter(done | Q(asked_at__lt=now - WAIT)).delete()


def export(person: privacy.Person) -> list[dict[str, Any]]:
    rows = StockWatch.objects.filter(email__in=person.addresses).select_related("variant__product")
    return [{"waits_for": str(row.variant), "state": row.state, "asked_at": row.asked_at.isoformat()} for row in rows]


def erase(person: privacy.Person) -> None:
    StockWatch.objects.filter(email__in=person.addresses).delete()


def addresses() -> QuerySet[StockWatch, str]:
    return StockWatch.objects.values_list("email", flat=True).distinct()


privacy.register(privacy.PersonalDataHandler("back in stock", export=export, erase=erase, addresses=addresses))
waits.register(waits.SubscriptionSource(listing=_listing, stop=_stop))
