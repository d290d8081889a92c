"""The beat's errands for orders. Each is safe to run twice, and at any time."""

from celery import shared_task

from orders import cart, delay_notices, delivery_records, stock_watch, unreported_delivery


@shared_task(ignore_result=True)
def tell_of_delays() -> None:
    delay_notices.send_all()


@shared_task(ignore_result=True)
def tell_of_stock() -> None:
    stock_watch.notify_watchers()
    stock_watch.delete_old()


@shared_task(ignore_result=True)
def end_unreported() -> None:
    unreported_delivery.ask_buyers()
    unreported_delivery.close_unanswered()


@shared_task(ignore_result=True)
def forget_carts() -> None:
    cart.forget()


@shared_task(ignore_result=True)
def observe_deliveries() -> None:
    delivery_records.observe()
