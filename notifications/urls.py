from django.urls import path

from notifications import views, webhooks

urlpatterns = [
    path("api/webhooks/sendgrid", webhooks.sendgrid_webhook, name="sendgrid_webhook"),
    path("newsletter/", views.join, name="newsletter_join"),
    path("newsletter/confirm/<token>/", views.confirm, name="newsletter_confirm"),
    path("newsletter/choices/<token>/", views.choices, name="newsletter_choices"),
    path("newsletter/leave/<token>/", views.leave, name="newsletter_leave"),
]
