"""Signing in by address and password: one look-up and one password's worth of work, whoever is named."""

from allauth.account.auth_backends import AuthenticationBackend

from ilytat.accounts.models import User


class Backend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        """Alone, allauth asks once for a confirmed address and twice for any other, which can be told from outside."""
        user: User | None = self._check_password(User.objects.with_address(email), password)
        return user
