"""Orders placed as a guest join the account once its owner has shown that the address is theirs."""

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver

from ilytat.integrations.email import normalized_or_blank

if TYPE_CHECKING:
    from ilytat.accounts.models import User


@receiver(email_confirmed, dispatch_uid="claim_guest_orders")
def claim_guest_orders(email_address: EmailAddress, **_: Any) -> None:
    """Only a confirmed address claims, and only orders that are nobody's: typing an address proves nothing."""
    address: str = email_address.email
    if normalized_or_blank(address) != address:
        return  # allauth's column may hold an older spelling; the lookup below would normalize it into another address
    user: User = email_address.user
    guests = user.orders.model._default_manager.filter(user__isnull=True)  # noqa: SLF001 (Django's documented name)
    guests.filter(email=address).update(user=user)
