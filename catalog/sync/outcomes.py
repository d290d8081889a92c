"""What a run says of each product it met: the rows of its page in the admin."""

from catalog.models import SyncChange, SyncRun
from catalog.sync.upsert import Stored

RECORDED = ("created", "changed", "gone", "failed")


def outcome(run: SyncRun, stored: Stored) -> SyncChange:
    rolled_back = run.dry_run and stored.outcome == "created"
    return SyncChange(
        run=run,
        product=None if rolled_back else stored.product,
        printify_id=stored.printify_id,
        outcome=stored.outcome,
        fields=stored.fields,
        error=stored.error,
        error_code=stored.error_code,
    )
