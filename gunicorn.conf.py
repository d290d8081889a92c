"""What every gunicorn started in this folder takes from here by itself; the command line says the rest."""

from ilytat import brisk

pre_request = brisk.begin
post_request = brisk.end
