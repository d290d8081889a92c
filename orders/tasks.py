"""The beat's errands for orders. Each is safe to run twice, and at any time."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from catalog.printify import client
from orders import back_in_stock, cart, delivery_followup, delivery_records


@shared_task(ignore_result=True)
def tell_of_delays() -> None:
    if not _may_lack_news():
        delivery_followup.send_all()


@shared_task(ignore_result=True)
def tell_of_stock() -> None:
    back_in_stock.notify_watchers()
    back_in_stock.delete_old()


@shared_task(ignore_result=True)
def end_unreported() -> None:
    if not _may_lack_news():
        delivery_followup.ask_buyers()
        delivery_followup.close_unanswered()


@shared_task(ignore_result=True)
def forget_carts() -> None:
    cart.forget()


@shared_task(ignore_result=True)
def observe_deliveries() -> None:
    delivery_records.observe()


def _may_lack_news() -> bool:
    """Return whether parcels may have left or arrived unnoticed: Printify fails, or the first poll since is not over.

    Buyers are told and asked nothing meanwhile, nor is an order ended. The next turn of the timetable does it.
    """
    return client.PROVIDER.has_failed_within(timedelta(minutes=settings.POLL_MINUTES))
