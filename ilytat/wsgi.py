"""What a WSGI server loads: `gunicorn ilytat.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ilytat.settings")
application = get_wsgi_application()
