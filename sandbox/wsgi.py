"""`gunicorn sandbox.wsgi:application --workers 1 --threads 16`."""

import os

from django.core.wsgi import get_wsgi_application

# Not setdefault: a shop's environment names the shop's settings, and this process is not the shop.
os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"

application = get_wsgi_application()
