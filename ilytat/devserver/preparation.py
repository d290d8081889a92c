"""What must be there before the first page: tables, static files, a staff login, a broker's tables, a catalogue."""

import io
from pathlib import Path

from allauth.account.models import EmailAddress
from celery import current_app
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from kombu.exceptions import OperationalError

from catalog.models import Product, ProductImage, SyncRun
from ilytat.accounts.models import User


def make_tables() -> None:
    call_command("migrate", interactive=False, verbosity=0)


def collect_static() -> None:
    """Hashed and compressed as in production; done again only when a source is newer."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.is_file() or manifest.stat().st_mtime < _newest_source():
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, stdout=io.StringIO())


def _newest_source() -> float:
    found = (storage.path(path) for finder in get_finders() for path, storage in finder.list([]))
    return max((Path(path).stat().st_mtime for path in found), default=0.0)


def make_staff(email: str, password: str) -> None:
    """The demo's staff login, with its address verified, so that no mail must be answered first."""
    user, _ = User.objects.get_or_create(email=email, defaults={"is_staff": True, "is_superuser": True})
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    values = {"verified": True, "primary": True}
    EmailAddress.objects.update_or_create(user=user, email=email, defaults=values)


def make_broker() -> None:
    """The file broker's tables, once, before its users would race to make them."""
    with current_app.connection_for_write() as connection:
        try:
            with connection.SimpleQueue("sync") as queue:
                queue.qsize()
        except OperationalError as error:
            raise RuntimeError(f"The broker at {connection.as_uri()} does not answer: {error}") from error


def is_filled() -> bool:
    """Whether a whole walk over the catalogue has succeeded here."""
    return SyncRun.objects.filter(state="success").exists()


def pictured() -> tuple[int, int]:
    """How many products on sale have their first picture, and how many there are."""
    on_sale = Product.objects.for_sale()
    return on_sale.filter(images__digest__gt="").distinct().count(), on_sale.count()


def ask_for_pictures() -> None:
    """The worker fetches them, first ones first, while the shop is already open."""
    if ProductImage.objects.filter(digest="").exists():
        current_app.send_task("catalog.tasks.fetch_images", kwargs={"retry": True}, queue="sync")
