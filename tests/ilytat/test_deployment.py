"""The ways to start the shop that we hand out say the same, and between them every lane has a worker."""

import re
from pathlib import Path

import pytest
from celery import current_app

from ilytat.integrations import jobs

ROOT = Path(__file__).resolve().parent.parent.parent
WAYS = {
    "Procfile": (ROOT / "Procfile").read_text(),
    "README": (ROOT / "README.md").read_text(),
    "systemd": "\n".join(file.read_text() for file in sorted((ROOT / "docs" / "systemd").glob("*.service"))),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_lane_has_a_worker(way: str) -> None:
    served = {lane for lanes in re.findall(r"worker .*-Q ([\w,]+)", WAYS[way]) for lane in lanes.split(",")}
    timed = {row.get("options", {}).get("queue", current_app.conf.task_default_queue) for row in _timetable()}
    assert {queue.lane for queue in jobs.queues()} | timed <= served


def _timetable() -> list[dict[str, dict[str, str]]]:
    return list(current_app.conf.beat_schedule.values())


@pytest.mark.parametrize("way", WAYS)
def test_one_server_and_one_beat_are_started(way: str) -> None:
    assert re.search(r"gunicorn ilytat\.wsgi .*--no-control-socket$", WAYS[way], re.MULTILINE)
    assert len(re.findall(r"celery -A ilytat (?:--quiet )?beat", WAYS[way])) == 1
