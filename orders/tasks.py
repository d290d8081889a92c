"""The beat's errands for orders. Each is safe to run twice, and at any time."""

from celery import shared_task

from orders import cart, endings, late, stock_watch


@shared_task(ignore_result=True)
def tell_of_delays() -> None:
    late.tell()


@shared_task(ignore_result=True)
def tell_of_stock() -> None:
    stock_watch.tell()
    stock_watch.forget()


@shared_task(ignore_result=True)
def end_unreported() -> None:
    endings.ask()
    endings.end()


@shared_task(ignore_result=True)
def forget_carts() -> None:
    cart.forget()
