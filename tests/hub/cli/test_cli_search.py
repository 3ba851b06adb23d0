"""`hub search explain`: what is asked and which index serves it, and nothing of what is searched for or found."""

from tests.support.command_line import Command

CODE = "SECRET-77"


def test_a_search_is_explained_step_by_step_without_any_value(hub: Command) -> None:
    added = hub(
        "client",
        "add",
        "--organization",
        "example-hospital",
        "--scope",
        "system/*.rs",
        "--id",
        "them",
        "--generate",
        str(hub.home / "key"),
    )
    assert added.exit_code == 0, added.output
    query = f"Task?patient.identifier={CODE}&status=received&_sort=-_lastUpdated"
    (person, task) = hub.json("search", "explain", query, "--as", "them")["steps"]
    assert person["query"] == ["Patient", "  identifier (token) = 1 × Token"]
    assert task["query"][:3] == ["Task", "  patient (reference) = 1 × Chained", "    Patient"]
    for step in (person, task):
        assert step["indexes"], "no collection is scanned"
        assert "COLLSCAN" not in step["stages"]
        assert CODE not in str(step)
    shown = hub("search", "explain", query, "--as", "them")
    assert shown.exit_code == 0
    assert "Step 2 of 2" in shown.output
    assert CODE not in shown.output


def test_a_system_that_is_not_registered_and_a_search_that_cannot_be_read_are_told(hub: Command) -> None:
    assert "not registered" in hub("search", "explain", "Task", "--as", "nobody").output
    hub(
        "client",
        "add",
        "--organization",
        "example-hospital",
        "--scope",
        "system/*.rs",
        "--id",
        "them",
        "--generate",
        str(hub.home / "key"),
    )
    assert hub("search", "explain", "Task?colour=red", "--as", "them").exit_code != 0
    assert hub("search", "explain", "Nothing?x=y", "--as", "them").exit_code != 0
