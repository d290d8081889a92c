"""What a reconciliation run keeps: the run, each of its steps, and the differences that they found."""

from django.db import models
from django.utils import timezone

from orders.models import Order


class ReconcileRun(models.Model):
    """One comparison of Stripe, our orders and Printify. Without `ended_at` it is under way, or its process died."""

    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    looked = models.JSONField(default=dict, help_text="What was compared, and how much of it.")
    problems = models.JSONField(default=list, help_text="What could not be compared this time.")

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.started_at:%F %T}"


class StepOutcome(models.TextChoices):
    RUNNING = "running", "under way, or killed"
    DONE = "done", "complete"
    OUT_OF_TIME = "out_of_time", "stopped at its time limit"
    UNAVAILABLE = "unavailable", "the provider could not be asked"
    INCOMPLETE = "incomplete", "the provider's list was not complete"
    FAILED = "failed", "stopped by an error"


class ReconcileStep(models.Model):
    """One step of a run. `since` marks how far back it read; only a step that is DONE moves the mark of the next."""

    run = models.ForeignKey(ReconcileRun, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=20)
    outcome = models.CharField(max_length=12, choices=StepOutcome, default=StepOutcome.RUNNING)
    since = models.DateTimeField(null=True, blank=True, help_text="Empty: the step compares everything.")
    limit_seconds = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="reconcile_step_once")]
        indexes = [models.Index(fields=["name", "outcome", "started_at"], name="reconcile_step_mark")]

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}"


class Difference(models.Model):
    """What a run found: its class, what explains it, and what was done or is to be done."""

    run = models.ForeignKey(ReconcileRun, on_delete=models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=40)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.SET_NULL, related_name="differences")
    reference = models.CharField(max_length=120, blank=True)
    printify_order_id = models.CharField(
        max_length=40, blank=True, help_text="Of the order at Printify that is compared again until this is explained."
    )
    explanation = models.CharField(max_length=300)
    action = models.CharField(max_length=200)
    explained = models.BooleanField(default=True, help_text="No: a person has to look.")

    class Meta:
        ordering = ["explained", "kind", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.explanation}"
