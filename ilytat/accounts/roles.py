"""What staff may do, as groups. The list is code: each `migrate` makes the groups as they stand here.

Whoever needs more than a role gives gets single permissions in the admin; groups of other names are left alone.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db.models import Q
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from ilytat.accounts.models import User

SEEN_BY_ALL = ("catalog", "orders", "payments", "notifications", "integrations", "pages")
# What each role may do beyond looking: "app.codename", or "app.*" for all of that app. Whatever can cost the shop money
# (refunds, accepting a payment that differs, printing again, releasing a hold) is granted to finance and owner only.
ROLES: dict[str, tuple[str, ...]] = {
    "viewer": (),
    "support": (
        "orders.change_order",
        "orders.change_claim",
        "notifications.change_outgoingemail",
        "notifications.change_suppression",
        "notifications.delete_suppression",
    ),
    "fulfilment": (
        "orders.change_order",
        "orders.change_claim",
        "orders.change_fulfilment",
        "catalog.*",
        "integrations.change_inboundevent",
    ),
    "finance": (
        "payments.*",
        "orders.accept_payment",
        "orders.reprint_order",
        "orders.release_hold",
        "orders.change_order",
        "orders.change_claim",
        "orders.change_fulfilment",
        "integrations.change_inboundevent",
        "integrations.change_alert",
    ),
    "owner": (*(f"{app}.*" for app in SEEN_BY_ALL), "accounts.*", "auth.view_group"),
}


# May grant roles and whatever takes protection away from an account.
IS_OWNER = Q(is_superuser=True) | Q(groups__name="owner")


def is_owner(user: AbstractBaseUser | AnonymousUser) -> bool:
    return user.pk is not None and User.objects.filter(IS_OWNER, pk=user.pk).exists()


def granted(role: str) -> Q:
    found = Q(content_type__app_label__in=SEEN_BY_ALL, codename__startswith="view_")
    for name in ROLES[role]:
        app, codename = name.split(".")
        found |= Q(content_type__app_label=app) & (Q() if codename == "*" else Q(codename=codename))
    return found


@receiver(post_migrate, dispatch_uid="staff_roles")
def make_roles(sender: Any, using: str, **_: Any) -> None:
    """After the last app's migrations, when every permission is there."""
    if sender.name != "ilytat.accounts":
        return
    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0, using=using)
    for role in ROLES:
        group, _made = Group.objects.using(using).get_or_create(name=role)
        group.permissions.set(Permission.objects.using(using).filter(granted(role)))
