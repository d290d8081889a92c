from django.urls import path

from notifications import webhooks

urlpatterns = [path("api/webhooks/sendgrid", webhooks.sendgrid_webhook, name="sendgrid_webhook")]
