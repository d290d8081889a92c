"""Paths of the SendGrid stand-in: its API below /sendgrid, the inbox at the root."""

from django.urls import path

from sandbox import control, deliveries
from sandbox.sendgrid import events, inbox, send

urlpatterns = [
    path("sendgrid/v3/mail/send", send.send),
    path("sendgrid/v3/scopes", inbox.scopes),
    path("sendgrid/v3/user/webhooks/event/settings/signed", inbox.signed_settings),
    path("inbox/", inbox.listing),
    path("inbox.json", inbox.as_json),
    path("inbox/<str:name>/", inbox.one),
    path("inbox/<str:name>/html", inbox.html),
    path("control/sendgrid/mails/<str:name>/<str:step>", inbox.event),
]

deliveries.register_signer("sendgrid", events.sign)
control.register(inbox.SECTION)
