"""The catalogue's tasks. Each only starts what the rest of the app can also start by a button or a command."""

import time

from celery import shared_task
from django.conf import settings

from catalog import product_facts, sales, shipping
from catalog.images import change_previews, cleanup, fetch
from catalog.search import index
from catalog.sync import publishing, runner, runs
from ilytat.integrations import leases
from ilytat.integrations.errors import IntegrationError

SYNC_SECONDS = 60 * 60
# The rest is another message, so that a worker is never long away from more urgent work.
PICTURES_SECONDS = 20.0
PICTURES_LIMIT = 180
DETAILS_SECONDS = 20.0
DETAILS_LIMIT = 180  # reading one more may take minutes, or never end: it is postponed before it begins


@shared_task(ignore_result=True, soft_time_limit=SYNC_SECONDS, time_limit=SYNC_SECONDS + 60)
def refresh(trigger: str = "schedule", request: int | None = None) -> None:
    """Walk the catalogue (large ones take minutes, hence limits of its own), then see to the pictures and details.

    `request` is the run that staff asked for; the timetable's own keep still while staff have paused them.
    """
    if request is None and trigger == "schedule" and runs.paused():
        return
    mine = runner.run(trigger, request=request)
    runs.forget_old()
    if mine is None:
        return
    runs.send(runs.FETCH_IMAGES)
    if not mine.dry_run:
        runs.send(runs.READ_DETAILS)


@shared_task(ignore_result=True, soft_time_limit=PICTURES_LIMIT, time_limit=PICTURES_LIMIT + 20)
def fetch_images(**_earlier: object) -> None:
    """The shop's own first; then those that staff look at before they decide.

    Messages of an earlier release carry `retry`: each picture now has its own time.
    """
    result = fetch.fetch_due(PICTURES_SECONDS)
    shown = change_previews.fetch_due(PICTURES_SECONDS)
    if shown or (result.done and result.left):
        runs.send(runs.FETCH_IMAGES)


@shared_task(ignore_result=True, soft_time_limit=DETAILS_LIMIT, time_limit=DETAILS_LIMIT + 20)
def read_details() -> None:
    """Read rate cards, size guides and product safety after a walk. What is left then is another message.

    After a failure the next walk asks again.
    """
    until = time.monotonic() + DETAILS_SECONDS
    has_failed = False
    with leases.acquire("details", DETAILS_LIMIT + 30) as acquired:
        for refresh_due in (shipping.refresh_profiles, product_facts.refresh) if acquired else ():
            try:
                refresh_due(until=until)
            except IntegrationError:
                has_failed = True
    if acquired and not has_failed and time.monotonic() > until:
        runs.send(runs.READ_DETAILS)


@shared_task(ignore_result=True, soft_time_limit=PICTURES_LIMIT, time_limit=PICTURES_LIMIT + 20)
def remove_leftovers() -> None:
    with leases.acquire("leftovers", PICTURES_LIMIT + 30) as acquired:
        if acquired:
            cleanup.sweep()
            product_facts.forget_unsold()


@shared_task(ignore_result=True)
def answer_publishing() -> None:
    with leases.acquire("publishing", settings.LEASE_SECONDS) as acquired:
        if acquired:
            publishing.answer_all()


@shared_task(ignore_result=True)
def update_search_index() -> None:
    """Lists and search follow what no other step told them of."""
    with leases.acquire("search index", settings.LEASE_SECONDS) as acquired:
        if acquired:
            index.catch_up()


@shared_task(ignore_result=True)
def count_sales() -> None:
    """For "best selling"; and words that nobody says any more go."""
    with leases.acquire("search index", settings.LEASE_SECONDS) as acquired:
        if acquired:
            sales.count()
            index.forget_words()
