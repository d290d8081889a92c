"""The processes themselves: they start, serve, survive one another's deaths, and leave nothing behind."""

from tests.stack import Stack


def test_the_shop_runs_as_processes_over_its_sandbox(stack: Stack) -> None:
    assert stack.get("/healthz").json() == {"status": "ok"}
    assert stack.get("/").status_code == 200
    assert "/media/products/" in stack.get("/products/").text

    def beating() -> bool:
        return {"worker", "beat"} <= set(stack.get("/healthz/deep").json()["heartbeat_age_seconds"])

    stack.wait_for(beating, what="both heartbeats")


def test_a_killed_worker_is_replaced_and_goes_on(stack: Stack) -> None:
    stack.kill_worker()
    stack.flush_broker()
    assert stack.sql("SELECT count(*) FROM catalog_product WHERE visible") > [(30,)]
    stack.start_worker()

    stack.wait_for(lambda: stack.get("/healthz/deep").json()["heartbeat_age_seconds"].get("worker", 99) < 5)


def test_a_test_event_from_printify_arrives_in_the_inbox(stack: Stack) -> None:
    lines = stack.manage("doctor", "--round-trip", check=False).splitlines()
    assert [line for line in lines if line.split()[:2] == ["printify-round-trip", "ok"]]
    assert stack.sql("SELECT type FROM integrations_inboundevent WHERE reference LIKE 'test-%'") == [
        ("product:updated",)
    ]
