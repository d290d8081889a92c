"""Mails that are queued for every address alike and written when they leave."""

from ilytat.accounts import auth_forms, privacy_views
from ilytat.accounts.privacy import LINK_KIND
from notifications import outbox

outbox.written_by("password_reset", auth_forms.write_reset_mail)
outbox.written_by(LINK_KIND, privacy_views.write_link)
