"""Decoded pictures are large: four bytes a pixel, whatever the file weighs. A process holds one at a time."""

import threading

one_at_a_time = threading.Lock()
