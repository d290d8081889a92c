"""Where somebody is signed in: each place by itself, to be signed out from here."""

from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ilytat.accounts import user_agents

if TYPE_CHECKING:
    from ilytat.accounts.views import SignedIn


class Sessions(ListUserSessionsView):  # type: ignore[misc]  # allauth ships no types
    """allauth's list, and its "sign out everywhere else"; each place is called by a name."""

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context: dict[str, object] = super().get_context_data(**kwargs)
        places = context["sessions"]
        assert isinstance(places, list)  # noqa: S101 (allauth's own; this tells the type checker)
        for place in places:
            place.name = user_agents.browser_name(place.user_agent)
        return context


@require_POST
@login_required
def end(request: "SignedIn", pk: int) -> HttpResponse:
    """Twice is as good as once; somebody else's is not there."""
    place = UserSession.objects.filter(user=request.user, pk=pk).first()
    if place and not place.is_current():
        place.end()
    messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")
