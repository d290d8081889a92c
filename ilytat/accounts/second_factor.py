"""The second factor of an account, as an owner resets it for somebody who lost phone and recovery codes."""

from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from ilytat.accounts import emails
from ilytat.accounts.models import User


@transaction.atomic
def reset(user: User) -> bool:
    """Delete codes and passkeys, end the user's sessions and email the user. Return False if there was no factor.

    Sessions end because a lost phone may still be signed in.
    """
    deleted, _ = Authenticator.objects.filter(user=user).delete()
    if not deleted:
        return False
    end_sessions([user.pk])
    emails.second_factor_reset(user)
    return True


def end_sessions(user_ids: Iterable[int]) -> None:
    sessions = UserSession.objects.filter(user__in=user_ids)
    Session.objects.filter(session_key__in=list(sessions.values_list("session_key", flat=True))).delete()
    sessions.delete()
