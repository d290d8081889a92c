"""Sending a campaign: a job that queues one mail a reader, batch by batch, where order mail never waits behind it.

Each reader's mail carries a dedupe key of campaign and reader: a batch that is done twice writes once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from ilytat.integrations import alerts, jobs
from ilytat.integrations.errors import Refused
from notifications import contexts, outbox
from notifications.email_types import TEST
from notifications.models import BulkEmail, Campaign, CampaignText, Consent, OutgoingEmail, Subscriber

QUEUE = "campaigns"
BATCH = 100
BATCH_SECONDS = 2.0  # between batches: the mails of one are mostly gone before the next is written
WAIT_SECONDS = 15.0  # how often a campaign whose mails are all queued looks whether they are gone


class NotReady(Exception):
    """Said to staff: why a campaign cannot do that now."""


@dataclass(frozen=True)
class Part:
    """Readers of one language, and the text that they would get."""

    reads: str
    readers: int
    text: CampaignText | None


def start(campaign: Campaign) -> None:
    """Raises NotReady. Also goes on with a paused one."""
    if campaign.text_for("") is None:
        raise NotReady("There is nothing to send: write a text first.")
    now = timezone.now()
    first = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DRAFT)
    paused = Campaign.objects.filter(pk=campaign.pk, state__in=(Campaign.State.PAUSED, jobs.ATTENTION))
    if not first.update(state=Campaign.State.SENDING, started_at=now, next_at=now) and not paused.update(
        state=Campaign.State.SENDING, next_at=now
    ):
        raise NotReady("Only a draft can be started, and only a paused campaign goes on.")
    jobs.wake(QUEUE, outbox.BULK_LANE)
    jobs.wake(outbox.BULK_QUEUE, outbox.BULK_LANE)


def pause(campaign: Campaign) -> None:
    """Raises NotReady. A batch that is being queued at this moment is rolled back: its worker has lost its lease."""
    _halt(campaign, Campaign.State.PAUSED, (Campaign.State.SENDING,))


def stop(campaign: Campaign) -> None:
    """Raises NotReady. For good: what waits will not be sent."""
    _halt(campaign, Campaign.State.STOPPED, (Campaign.State.SENDING, Campaign.State.PAUSED))


def _halt(campaign: Campaign, state: str, allowed: Sequence[str]) -> None:
    freed = {"lease_until": None, "lease_token": ""}
    if not Campaign.objects.filter(pk=campaign.pk, state__in=allowed).update(state=state, **freed):
        raise NotReady("It is not being sent.")


def work(campaign: Campaign) -> None:
    """One batch, or the look whether all is gone."""
    batch = list(to_come(campaign).order_by("pk")[:BATCH])
    if batch:
        with transaction.atomic():
            for reader in batch:
                _queue(campaign, reader)
            campaign.finish("sending", next_in=BATCH_SECONDS, cursor=batch[-1].pk)
    elif BulkEmail.rows().filter(campaign=campaign, state__in=BulkEmail.due_states).exists():
        campaign.finish("sending", next_in=WAIT_SECONDS)
    else:
        campaign.finish("sent", finished_at=timezone.now())


def _queue(campaign: Campaign, reader: Subscriber) -> None:
    text = campaign.text_for(reader.language)
    if text is None:
        raise Refused("Its texts were deleted.")  # no later try finds them: staff shall hear of it now
    outbox.queue(
        "campaign",
        dedupe_key=f"campaign:{campaign.pk}:{reader.pk}",
        to=reader.email,
        language=text.language,
        context=context(campaign, text),
        campaign=campaign,
    )


def context(campaign: Campaign, text: CampaignText) -> contexts.CampaignMail:
    return {
        "subject": text.subject,
        "preheader": text.preheader,
        "heading": text.heading,
        "body": text.body,
        "button": text.button,
        "url": campaign.url,
    }


def send_test(campaign: Campaign, *, to: str, asked_by: str) -> None:
    """Each of its texts to one of the staff, who has shown that the address is theirs. Raises NotReady.

    A mail of its own kind: it is nobody's of the readers, needs no consent and is in no count. Two presses within a
    minute are one.
    """
    texts = list(campaign.texts.all())
    if not texts:
        raise NotReady("There is nothing to send: write a text first.")
    minute = f"{timezone.now():%Y%m%d%H%M}"
    for text in texts:
        outbox.queue(
            TEST,
            dedupe_key=f"campaign-test:{campaign.pk}:{text.language}:{minute}:{asked_by}",
            to=to,
            language=text.language,
            context=dict(context(campaign, text)),
        )


def to_come(campaign: Campaign) -> QuerySet[Subscriber]:
    """Who has agreed and has no mail of it yet; nobody once it is over."""
    over = campaign.state in {Campaign.State.SENT, Campaign.State.STOPPED}
    readers = Subscriber.objects.agreeing("news").filter(pk__gt=campaign.cursor)
    return readers.none() if over else readers


def audience(campaign: Campaign) -> list[Part]:
    counted = to_come(campaign).order_by("language").values_list("language").annotate(readers=Count("pk"))
    names = dict(settings.LANGUAGES)
    return [Part(names.get(code, code), readers, campaign.text_for(code)) for code, readers in counted]


def tally(mails: str = "") -> dict[str, Count]:
    """What became of a campaign's mails; `mails` leads to them from the row that is annotated."""
    fate = OutgoingEmail.Fate

    def those(**given: object) -> Count:
        return Count(f"{mails}pk", filter=Q(**{f"{mails}{name}": value for name, value in given.items()}))

    return {
        "queued": Count(f"{mails}pk"),
        "waiting": those(state="new"),
        "sent": those(state="sent"),
        "delivered": those(fate=fate.DELIVERED),
        "bounced": those(fate__in=(fate.BOUNCED, fate.DROPPED)),
        "complained": those(fate=fate.COMPLAINED),
        "skipped": those(state__in=("suppressed", "unwanted")),
        "failed": those(state=jobs.ATTENTION),
    }


def counts(campaign: Campaign) -> dict[str, int]:
    """What became of its mails so far, and who left by one of them."""
    found: dict[str, int] = OutgoingEmail.objects.filter(campaign=campaign).aggregate(**tally())
    left = Consent.objects.filter(act=Consent.Act.LEFT, where=f"campaign {campaign.pk}").count()
    return {**found, "left": left}


def on_attention(campaign: Campaign) -> None:
    alerts.open_alert(
        "mail:campaign",
        f"A campaign came to rest: {campaign.name}",
        next_step="Open it under Campaigns, read the error, then start it again: nobody is written to twice.",
    )


jobs_queue = jobs.Queue(name=QUEUE, model=Campaign, work=work, lane=outbox.BULK_LANE, on_attention=on_attention)
