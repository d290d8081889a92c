"""POST /api/orders/fulfill: for staff or the service token. It makes a paid order's printing due, nothing else."""

import hmac
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from ninja import Router, Schema
from ninja.utils import check_csrf
from pydantic import Field

from ilytat.integrations.api_errors import ApiError
from orders import lifecycle
from orders.models import Fulfilment, Order
from orders.states import STOPPABLE, OrderState

router = Router()


class FulfilIn(Schema):
    order: str = Field(max_length=20, pattern=r"^\w*$", description="Its number.")


class FulfilOut(Schema):
    order: str
    state: str
    printify_order_id: str | None


def allowed(request: HttpRequest) -> Any:
    """Return who asks: a service with API_TOKEN, or staff whom the admin would let in (second factor included), with a
    CSRF token and the permission. None: neither.
    """
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.API_TOKEN and hmac.compare_digest(given.encode(), settings.API_TOKEN.encode()):
        return "service"
    user = request.user
    if check_csrf(request) is not None:
        return None
    return (
        user.get_username()
        if admin.site.has_permission(request) and user.has_perm("orders.change_fulfilment")
        else None
    )


@router.post("/orders/fulfill", response=FulfilOut)
def fulfill(request: HttpRequest, body: FulfilIn) -> dict[str, Any]:
    who = allowed(request)
    if not who:
        raise ApiError(401, "not_allowed", "Sign in as staff or send the service token.")
    order = Order.objects.filter(number=body.order).first()
    if order is None:
        raise ApiError(404, "not_found", "There is no order of that number.")
    if order.state != OrderState.PAID:
        raise ApiError(409, "not_paid", f"The order is {order.get_state_display().lower()}.")
    if settings.PRINTIFY_PRINTS_FOR_REAL and not order.live:
        raise ApiError(409, "test_mode", "A test-mode payment never starts production.")
    job = Fulfilment.objects.get(order=order)
    if job.state not in STOPPABLE:
        raise ApiError(409, "already_submitted", f"Printing is {job.get_state_display().lower()}.")
    if job.open_holds:
        raise ApiError(409, "held", f"Printing is on hold: {job.held_because}.")
    lifecycle.retry(job, who=str(who))
    job.refresh_from_db()
    return {"order": order.number, "state": job.state, "printify_order_id": job.printify_order_id}
