"""A lost second factor: who may turn it off, for whom, and what happens to the account."""

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from ilytat.accounts.models import User
from ilytat.integrations import jobs
from notifications.models import OutgoingEmail
from tests.accounts.people import session_of
from tests.pages import text

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"  # pragma: allowlist secret


@pytest.fixture
def eva() -> User:
    """Support staff whose phone is lost and still signed in."""
    user = User.objects.create_user("eva@ilytat.com", "long-enough-4-anyone", is_staff=True)
    TOTP.activate(user, SECRET)
    key = session_of({"_auth_user_id": str(user.pk)})
    UserSession.objects.create(user=user, session_key=key, ip="192.0.2.1", user_agent="Phone")
    return user


@pytest.fixture
def owner(client: Client) -> User:
    user = User.objects.create_user("owner@ilytat.com", "long-enough-4-anyone", is_staff=True)
    user.groups.add(Group.objects.get(name="owner"))
    client.force_login(user)
    return user


def press(client: Client, *users: User, **data: str) -> HttpResponse:
    post = {"action": "reset_second_factor", "_selected_action": [user.pk for user in users], **data}
    response = client.post("/admin/accounts/user/", post, follow=True)
    assert isinstance(response, HttpResponse)
    return response


def test_nothing_changes_before_the_confirmation(client: Client, owner: User, eva: User) -> None:
    page = text(press(client, eva))
    assert "Turn off two-step sign-in?" in page
    assert "eva@ilytat.com" in page
    assert "Staff also need a group" not in page, "the hint of the list"
    assert get_adapter().is_mfa_enabled(eva)


def test_an_owner_turns_it_off_which_is_logged_and_emailed_and_ends_the_sessions(
    client: Client, owner: User, eva: User
) -> None:
    key = UserSession.objects.get(user=eva).session_key
    assert "Two-step sign-in turned off: 1." in text(press(client, eva, confirmed="yes"))
    assert not Authenticator.objects.filter(user=eva).exists()
    assert not UserSession.objects.filter(user=eva).exists()
    assert not client.session.__class__().exists(key)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (owner, str(eva.pk), "Turned off two-step sign-in")
    jobs.work_due("mail")
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["eva@ilytat.com"], "Two-step sign-in was turned off")
    ]
    assert "If you did not ask for this" in str(mail.outbox[0].body)


def test_a_second_press_changes_nothing_and_sends_no_second_email(client: Client, owner: User, eva: User) -> None:
    press(client, eva, confirmed="yes")
    assert "Already off: 1." in text(press(client, eva, confirmed="yes"))
    assert OutgoingEmail.objects.filter(kind="mfa_reset").count() == LogEntry.objects.count() == 1


def test_nobody_turns_it_off_for_themselves(client: Client, owner: User, eva: User) -> None:
    TOTP.activate(owner, SECRET)
    assert "Nothing was changed." in text(press(client, owner, eva, confirmed="yes"))
    assert get_adapter().is_mfa_enabled(owner)
    assert get_adapter().is_mfa_enabled(eva)


def test_only_a_superuser_turns_it_off_for_a_superuser(client: Client, owner: User) -> None:
    chief = User.objects.create_superuser("chief@ilytat.com", "long-enough-4-anyone")
    TOTP.activate(chief, SECRET)
    assert "Nothing was changed." in text(press(client, chief, confirmed="yes"))
    assert get_adapter().is_mfa_enabled(chief)
    client.force_login(User.objects.create_superuser("other@ilytat.com", "long-enough-4-anyone"))
    assert "turned off: 1." in text(press(client, chief, confirmed="yes"))


def test_support_cannot_turn_it_off(client: Client, eva: User) -> None:
    support = User.objects.create_user("sam@ilytat.com", "long-enough-4-anyone", is_staff=True)
    support.groups.add(Group.objects.get(name="support"))
    client.force_login(support)
    assert press(client, eva, confirmed="yes").status_code == 403
    assert get_adapter().is_mfa_enabled(eva)


def test_the_right_to_change_users_does_not_suffice(client: Client, eva: User) -> None:
    sam = User.objects.create_user("sam@ilytat.com", "long-enough-4-anyone", is_staff=True)
    sam.user_permissions.add(Permission.objects.get(codename="change_user"))
    client.force_login(sam)
    assert "reset_second_factor" not in client.get("/admin/accounts/user/").content.decode()
    press(client, eva, confirmed="yes")
    assert get_adapter().is_mfa_enabled(eva)
