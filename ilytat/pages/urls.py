from django.urls import path

from ilytat.pages import views

urlpatterns = [path("pages/<slug:slug>/", views.page, name="page")]
