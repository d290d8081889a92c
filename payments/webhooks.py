"""Stripe's door: what it signed is kept and answered at once; `payments.events` says what each event means."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ilytat.integrations import inbox
from ilytat.integrations.api_errors import body
from ilytat.integrations.errors import NotConfigured
from payments import gateway
from payments.events import SOURCE, is_ours


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 for every verified event; those of our account and mode are kept, known or not. 400 for anything else."""
    try:
        event = gateway.verify(request.body, request.headers.get("Stripe-Signature", ""))
    except NotConfigured as error:
        return JsonResponse(body("not_configured", error.detail), status=503)
    except gateway.Forged as error:
        return JsonResponse(body("bad_signature", str(error)), status=400)
    if is_ours(event):
        inbox.receive(SOURCE, event.id, event.type, event.payload)
    return JsonResponse({"received": True})
