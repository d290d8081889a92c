"""What every gunicorn started in this folder takes from here by itself; the command line says the rest."""

from ilytat import slow_bodies

pre_request = slow_bodies.pre_request
post_request = slow_bodies.post_request
