"""Webhooks on their way out: rows in the store, posted by a background thread, tried again, kept to look at.

A delivery is {"id", "at", "sender", "url", "body", "event_id", "about", "key", "state", "tries"}; its
state is pending, held, delivered, failed, blocked or dropped. What is still to be sent also has a small
row of the kind "delivery.open".
"""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sandbox import clock, faults, settings, store

TIMEOUT = 10
# Seconds before each repeat. Stripe goes on for three days, Printify tries three times more and then sulks.
RETRIES: dict[str, tuple[int, ...]] = {
    "stripe": (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600),
    "printify": (5, 10, 20),
    "sendgrid": (5, 30, 120),
}
BLOCK_SECONDS = 3600
Signer = Callable[[bytes, str], dict[str, str]]
_signers: dict[str, Signer] = {}
_wake = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


def register_signer(sender: str, signer: Signer) -> None:
    """`signer(body, key)` gives the headers of one try; asked anew for each, as signatures carry the time."""
    _signers[sender] = signer


def deliver(*, sender: str, url: str, body: bytes, event_id: str, about: str = "", key: str = "") -> list[str]:
    """Queue one event; joins the caller's `store.change()`. Gives the ids of the deliveries, for `answered`.

    `about` is what the control page shows (the event's type), `key` is what the signer and the block of
    one hour go by (the subscription).
    """
    fault = faults.take(f"webhooks.{sender}")
    kind, params = (fault["kind"], fault["params"]) if fault else ("", {})
    row = {
        "sender": sender,
        "url": url,
        "body": body.decode(),
        "event_id": event_id,
        "about": about,
        "key": key,
    }
    due = time.time() + (float(params.get("seconds", 5)) if kind == "late" else 0)
    state = {"drop": "dropped", "reorder": "held"}.get(kind, "pending")
    copies = int(params.get("copies", 2)) if kind == "duplicate" else 1
    numbers = [_add(row, due=due, state=state, fault=fault["id"] if fault else "") for _ in range(copies)]
    _wake.set()
    return numbers


def _add(row: store.Document, *, due: float, state: str, fault: str) -> str:
    number = uuid.uuid4().hex  # not a counter: a try in flight must not meet its namesake after a reset
    at = clock.now()
    store.write("delivery", number, {"id": number, "at": at, **row, "state": state, "tries": []})
    if state != "dropped":
        held_by = fault if state == "held" else ""
        store.write("delivery.open", number, {"id": number, "due": due, "failures": 0, "held_by": held_by})
    return number


def answered(numbers: list[str]) -> bool:
    """Each of these deliveries has been tried at least once, or is held back or dropped by a fault."""
    waiting = {row["id"]: row for row in store.listing("delivery.open")}
    return all(waiting[one]["failures"] or waiting[one]["held_by"] for one in numbers if one in waiting)


def listing() -> list[store.Document]:
    return store.listing("delivery")


def resend(number: str) -> None:
    """Send once more, at once, whatever became of it before."""
    with store.change():
        row = store.read("delivery", number)
        if row is not None:
            store.write("delivery", number, {**row, "state": "pending"})
            store.write("delivery.open", number, {"id": number, "due": 0, "failures": 0, "held_by": ""})
    _wake.set()


def release() -> None:
    """Deliveries held by a fault that is used up or cleared go out, the last one first."""
    released = 0
    with store.change():
        for waiting in store.listing("delivery.open"):
            if waiting["held_by"] and not faults.is_armed(store.read("fault", waiting["held_by"])):
                # A little apart: sent at the same instant they might arrive in the right order by luck.
                due = time.time() + 0.3 * released
                store.write("delivery.open", waiting["id"], {**waiting, "due": due, "held_by": ""})
                released += 1


def _claim() -> list[store.Document]:
    """What is due now. A claim outlasts a try, so a killed sandbox sends again after its restart."""
    claimed = []
    with store.change():
        for waiting in reversed(store.listing("delivery.open")):
            if not waiting["held_by"] and waiting["due"] <= time.time():
                store.write("delivery.open", waiting["id"], {**waiting, "due": time.time() + 2 * TIMEOUT})
                claimed.append(waiting)
    return claimed


def _post(row: store.Document) -> store.Document:
    body = row["body"].encode()
    signer = _signers.get(row["sender"])
    headers = {"Content-Type": "application/json", **(signer(body, row["key"]) if signer else {})}
    begun = time.time()
    try:
        answer = requests.post(row["url"], data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        return {"at": clock.now(), "error": type(error).__name__, "seconds": round(time.time() - begun, 3)}
    return {"at": clock.now(), "status": answer.status_code, "seconds": round(time.time() - begun, 3)}


def blocked(sender: str, key: str) -> bool:
    """Printify sends nothing to an address for an hour after its last retry failed."""
    block = store.read("delivery.block", f"{sender}.{key}")
    return block is not None and block["until"] > time.time()


def _try(waiting: store.Document) -> None:
    row = store.read("delivery", waiting["id"])
    if row is None:
        store.remove("delivery.open", waiting["id"])
    elif row["sender"] == "printify" and blocked("printify", row["key"]):
        _finish(row, "blocked")
    else:
        row["tries"].append(_post(row))
        _judge(row, waiting)


def _judge(row: store.Document, waiting: store.Document) -> None:
    waits, failures = RETRIES[row["sender"]], waiting["failures"]
    if 200 <= row["tries"][-1].get("status", 0) < 300:  # noqa: PLR2004 - any success counts
        _finish(row, "delivered")
    elif failures < len(waits):
        due = time.time() + waits[failures] / settings.SPEED
        with store.change():
            if store.read("delivery", row["id"]) is not None:
                store.write("delivery", row["id"], row)
                store.write("delivery.open", row["id"], {**waiting, "due": due, "failures": failures + 1})
    else:
        _finish(row, "failed")
        if row["sender"] == "printify":
            until = time.time() + BLOCK_SECONDS / settings.SPEED
            store.write("delivery.block", f"printify.{row['key']}", {"until": until})


def _finish(row: store.Document, state: str) -> None:
    with store.change():
        if store.read("delivery", row["id"]) is not None:  # gone when the store was emptied meanwhile
            store.write("delivery", row["id"], {**row, "state": state})
        store.remove("delivery.open", row["id"])


def _run() -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        while True:
            _wake.wait(timeout=0.2)
            _wake.clear()
            if store.listing("delivery.open"):
                release()
                for waiting in _claim():
                    pool.submit(_try, waiting)


def _start() -> None:
    global _thread  # noqa: PLW0603 - one per process, started after the server has forked
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_run, name="deliveries", daemon=True)
            _thread.start()


def running(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: the first request starts the thread."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        _start()
        return get_response(request)

    return middleware
