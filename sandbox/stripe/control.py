"""Staff's side of the stand-in, by button or JSON: outcomes of sessions, what banks do to payments and refunds."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from sandbox import control, store
from sandbox.store import Document
from sandbox.stripe import disputes, outcomes, refunds, warnings
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import CHARGE, DISPUTE, INTENT, REFUND, SESSION, SWITCHES, WARNING
from sandbox.stripe.money import spoken
from sandbox.stripe.outcomes import Outcome, Shopper

Step = Callable[[str, dict[str, Any]], Document]
NO_SUCH = 404


def _answer(request: HttpRequest, steps: dict[str, Step], name: str, step: str) -> HttpResponse:
    if step not in steps:
        return JsonResponse({"error": f"no such step; there are {', '.join(steps)}"}, status=NO_SUCH)
    try:
        payload = steps[step](name, control.sent(request))
    except ApiError as error:
        if control.wants_page(request):
            return control.answer(request, {}, anchor="#payments")
        return JsonResponse(error.body("req_control"), status=error.status)
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)
    return control.answer(request, payload, anchor="#payments")


def shopper(body: dict[str, Any]) -> Shopper:
    """Any of the form's fields may be given: email, name, phone, promotions, rate, presentment."""
    known = ("email", "name", "phone", "address", "promotions", "rate", "presentment")
    given = {key: body[key] for key in known if body.get(key) is not None and body[key] != ""}
    return Shopper(**given)


def _outcome(act: Callable[[str, Shopper], Outcome]) -> Step:
    def step(name: str, body: dict[str, Any]) -> Document:
        _existing(SESSION, name)
        done = act(name, shopper(body))
        return {"session": done.session, "error": done.error}

    return step


def _after(act: Callable[[str], Outcome]) -> Step:
    def step(name: str, _body: dict[str, Any]) -> Document:
        _existing(SESSION, name)
        return {"session": act(name).session, "error": None}

    return step


def _existing(kind: str, name: str) -> Document:
    thing = store.read(kind, name)
    if thing is None:
        raise ApiError(f"No such object: {name}", status=NO_SUCH)
    return thing


def _charge(name: str) -> Document:
    """The charge of an intent; the control speaks of payments by their intent, as shops do."""
    intent = _existing(INTENT, name)
    charge = store.read(CHARGE, intent["latest_charge"] or "")
    if charge is None:
        raise ApiError(f"Payment {name} was never charged.", status=409)
    return charge


def _refund(name: str, body: dict[str, Any]) -> Document:
    params = {"payment_intent": name, "metadata": {}, "reason": body.get("reason", "requested_by_customer")}
    if body.get("amount"):
        params["amount"] = int(body["amount"])
    with store.change():
        return refunds.create(params, livemode=_charge(name)["livemode"])


def _dispute(name: str, body: dict[str, Any], *, inquiry: bool = False) -> Document:
    charge = _charge(name)
    amount = int(body.get("amount") or charge["amount"])
    reason = body.get("reason") or ("general" if inquiry else "product_not_received")
    return disputes.open_one(charge, amount=amount, reason=reason, inquiry=inquiry)


def _inquiry(name: str, body: dict[str, Any]) -> Document:
    return _dispute(name, body, inquiry=True)


def _closing(status: str) -> Step:
    def step(name: str, _body: dict[str, Any]) -> Document:
        return disputes.close(disputes.of_charge(_charge(name)), status)

    return step


def _warning(name: str, _body: dict[str, Any]) -> Document:
    with store.change():
        return warnings.warn(_charge(name))


SESSION_STEPS: dict[str, Step] = {
    "pay": _outcome(outcomes.pay),
    "decline": _outcome(outcomes.decline),
    "challenge": _outcome(outcomes.challenge),
    "delayed": _outcome(outcomes.delayed),
    "expire": _outcome(outcomes.expire),
    "settle": _after(outcomes.settle),
    "fail": _after(outcomes.fail),
}
INTENT_STEPS: dict[str, Step] = {
    "refund": _refund,
    "dispute": _dispute,
    "inquiry": _inquiry,
    "dispute_won": _closing("won"),
    "dispute_lost": _closing("lost"),
    "dispute_closed": _closing("warning_closed"),
    "fraud_warning": _warning,
}
REFUND_STEPS: dict[str, Step] = {
    "succeed": lambda name, _body: refunds.succeed(name),
    "fail": lambda name, _body: refunds.fail(name),
    "reference": lambda name, _body: refunds.reference(name),
}


@csrf_exempt
@require_POST
def session_step(request: HttpRequest, name: str, step: str) -> HttpResponse:
    return _answer(request, SESSION_STEPS, name, step)


@csrf_exempt
@require_POST
def intent_step(request: HttpRequest, name: str, step: str) -> HttpResponse:
    return _answer(request, INTENT_STEPS, name, step)


@csrf_exempt
@require_POST
def refund_step(request: HttpRequest, name: str, step: str) -> HttpResponse:
    return _answer(request, REFUND_STEPS, name, step)


@csrf_exempt
@require_POST
def switches(request: HttpRequest) -> HttpResponse:
    """{"refunds": "succeeded" or "pending"}: how the next refunds turn out."""
    wanted = control.sent(request).get("refunds")
    if wanted not in {"succeeded", "pending"}:
        return JsonResponse({"error": "refunds is succeeded or pending"}, status=400)
    store.write(SWITCHES, "switches", {"refunds": wanted})
    return control.answer(request, {"refunds": wanted}, anchor="#payments")


def _row(intent: Document) -> Document:
    """One payment for the control page, with the steps that make sense now."""
    charge = store.read(CHARGE, intent["latest_charge"] or "") or {}
    dispute = store.read(DISPUTE, charge.get("dispute") or "") or {}
    return {
        "id": intent["id"],
        "order": intent["payment_details"]["order_reference"],
        "amount": spoken(intent["amount"], intent["currency"]),
        "refunded": spoken(charge.get("amount_refunded", 0), intent["currency"]),
        "is_refunded": bool(charge.get("amount_refunded")),
        "status": intent["status"],
        "dispute": dispute.get("status", ""),
        "steps": _steps(intent, charge, dispute),
    }


def _steps(intent: Document, charge: Document, dispute: Document) -> list[tuple[str, str]]:
    if intent["status"] != "succeeded":
        return []
    if dispute.get("status") in disputes.OPEN:
        return [("dispute_won", "Win the dispute"), ("dispute_lost", "Lose the dispute")]
    steps = [] if charge["refunded"] else [("refund", "Refund the rest")]
    if dispute.get("status") in disputes.OPEN_INQUIRY:
        return [*steps, ("dispute_closed", "Close the inquiry")]
    if not dispute:
        steps += [("fraud_warning", "Fraud warning"), ("inquiry", "Inquiry"), ("dispute", "Chargeback")]
    return steps


def _context() -> dict[str, Any]:
    waiting = [one for one in store.listing(SESSION) if _is_waiting(one)]
    made = [{**one, "money": spoken(one["amount"], one["currency"])} for one in store.listing(REFUND)]
    return {
        "payments": [_row(intent) for intent in store.listing(INTENT)[:30]],
        "open_sessions": [{**one, "money": spoken(one["amount_total"], one["currency"])} for one in waiting[:15]],
        "stripe_refunds": made[:15],
        "refund_switch": refunds.switched(),
    }


def _is_waiting(session: Document) -> bool:
    """Somebody has yet to do something about it: the shopper, or the bank of a delayed payment."""
    return bool(session["payment_status"] == "unpaid" and session["status"] != "expired")


def _state() -> dict[str, Any]:
    return {
        "sessions": store.listing(SESSION),
        "payment_intents": store.listing(INTENT),
        "charges": store.listing(CHARGE),
        "refunds": store.listing(REFUND),
        "disputes": store.listing(DISPUTE),
        "early_fraud_warnings": store.listing(WARNING),
    }


SECTION = control.Section(template="sandbox/pay_control.html", context=_context, state=_state)
