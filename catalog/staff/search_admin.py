"""What shoppers looked for and did not find: reasons for new designs, or for another word in a title."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from catalog.models import MissedSearch


@admin.register(MissedSearch)
class MissedSearchAdmin(admin.ModelAdmin[MissedSearch]):
    """Rows come from the search page. They may be deleted: a term that is still missed comes back."""

    list_display = ("term", "count", "instead", "last_at", "first_at", "try_again")
    list_filter = ("last_at",)
    search_fields = ("term", "instead")
    date_hierarchy = "last_at"
    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 (Django's signature)
        return False

    def has_change_permission(self, request: HttpRequest, obj: MissedSearch | None = None) -> bool:  # noqa: ARG002 (likewise)
        return False

    @admin.display(description="search now")
    def try_again(self, row: MissedSearch) -> SafeString:
        return format_html('<a href="{}?{}">Search</a>', reverse("search"), urlencode({"q": row.term}))
