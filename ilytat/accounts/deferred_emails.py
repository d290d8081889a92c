"""Mails that are queued for every address alike and written when they leave."""

from ilytat.accounts import forms, views
from ilytat.accounts.privacy import LINK_KIND
from notifications import outbox

outbox.context_resolver("password_reset", forms.write_reset_mail)
outbox.context_resolver(LINK_KIND, views.write_link)
