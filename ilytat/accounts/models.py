"""The user: the e-mail address is the login. Nothing in the shop needs an account."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from ilytat.integrations.email import EmailColumn, normalize_email, normalized_or_blank
from ilytat.integrations.jobs import Job


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """For the shell only: whoever can run it vouches for the address, so sign-in asks for no mail."""
        from allauth.account.models import EmailAddress  # late: allauth's models name this one

        user = self.create_user(email, password, is_staff=True, is_superuser=True, **extra)
        EmailAddress.objects.using(self._db).create(user=user, email=user.email, verified=True, primary=True)
        return user

    def with_address(self, email: str) -> "User | None":
        """Whose main or confirmed address it is; one query for every address there could be."""
        from allauth.account.models import EmailAddress  # late: as above

        address = normalized_or_blank(email) or email
        confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), email=address, verified=True)
        users = self.annotate(proven=Exists(confirmed))
        return users.filter(Q(email=address) | Q(proven=True)).order_by("-proven").first()


class User(AbstractUser):
    username = None  # type: ignore[assignment]  # Django's way of dropping an inherited field
    email = EmailColumn("e-mail", unique=True)
    language = models.CharField(max_length=8, blank=True)
    known_browsers = models.JSONField(default=list, editable=False, help_text="Marks of browsers that signed in.")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # ours takes no username

    def __str__(self) -> str:
        return f"user {self.pk}"  # no address: the admin's log keeps it


class Address(models.Model):
    """One of the buyer's addresses. An order takes a copy: changing this one changes no order."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=120)
    address1 = models.CharField(max_length=120)
    address2 = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80)
    region = models.CharField(max_length=40, blank=True)
    zip = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=30, blank=True)
    usual = models.BooleanField(default=False)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-usual", "-added_at", "pk"]
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        parts = (self.name, self.address1, self.address2, self.city, self.region, self.zip, self.country, self.phone)
        return ", ".join(part for part in parts if part)


class Erasure(Job):
    """Somebody's wish to be forgotten. Afterwards only the fingerprint stays, for the time after a restore."""

    fingerprint = models.CharField(max_length=64, unique=True)
    email = EmailColumn(blank=True, help_text="Until it is done.")
    reason = models.CharField(max_length=200, blank=True, help_text="Why it has to wait.")
    asked_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"erasure asked {self.asked_at:%F}: {self.state}"
