"""Setup check: can an owner sign in to the admin?"""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef

from ilytat.accounts.models import User
from ilytat.accounts.roles import IS_OWNER
from ilytat.integrations.readiness import Finding


def staff_login() -> Finding:
    owners = User.objects.filter(IS_OWNER, is_staff=True, is_active=True)
    if not owners.exists():
        return Finding("down", "No owner can sign in to the admin.", "Run manage.py createsuperuser.")
    if (
        settings.STAFF_TWO_STEP
        and not owners.filter(Exists(Authenticator.objects.filter(user=OuterRef("pk")))).exists()
    ):
        fix = "Sign in at /admin/ and set up two-step sign-in."
        return Finding("down", "No owner has set up the second factor that the admin asks for.", fix)
    return Finding("ok")
