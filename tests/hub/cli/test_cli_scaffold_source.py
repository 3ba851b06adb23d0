"""`hub mapping scaffold` from an address or from the tool behind a connection: guarded, bounded, and told in a sentence."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.replay import Served
from demo.kobo_server import KoboServer, Project
from hub.outbound import download as downloading
from hub.texts import LANGUAGES
from tests.hub.cli.test_cli_scaffold import CHOICES, HEADERS, ROWS, SURVEY, mapping_file, xlsform
from tests.support.command_line import Command, marks_in
from tests.support.key_servers import KeyServer, serving
from tests.support.primero import Primero


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with serving() as made:
        made.headers = {"Content-Type": "application/octet-stream"}
        made.body = "\n".join((HEADERS, *ROWS, "")).encode()
        yield made


def address(server: KeyServer) -> str:
    return f"http://127.0.0.1:{server.port}/register.csv"


def allowed(server: KeyServer) -> tuple[str, str]:
    return "--allow", f"http://127.0.0.1:{server.port}"


def test_a_register_is_read_from_an_address_and_nothing_of_it_stays(
    unread: Command, server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "passing"))
    (tmp_path / "passing").mkdir()
    told = unread.json("mapping", "scaffold", address(server), *allowed(server))
    assert told["extends"] == "spreadsheet/register-fr"
    assert list((tmp_path / "passing").iterdir()) == []
    assert marks_in(mapping_file(unread).read_text("utf-8")) == []


def test_a_form_is_read_from_an_address(unread: Command, server: KeyServer, tmp_path: Path) -> None:
    server.body = xlsform(tmp_path, SURVEY, CHOICES).read_bytes()
    assert unread.json("mapping", "scaffold", address(server), *allowed(server))["extends"] == "kobo/intake"


@pytest.mark.parametrize("speaks", LANGUAGES)
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x.csv", "https://127.0.0.1:1/x.csv", "https://10.0.0.1/x", "https://a@b.example/x"]
)
def test_an_address_inside_is_not_asked_where_nobody_named_it(unread: Command, url: str, speaks: str) -> None:
    shown = unread("mapping", "scaffold", url, language=speaks)
    assert shown.exit_code == 2
    assert "--allow" in shown.output
    assert not mapping_file(unread).exists()


def test_what_is_no_file_or_too_large_is_refused(
    unread: Command, server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.status, server.headers = 302, {"Location": "http://10.0.0.1/"}
    assert "redirects" in unread("mapping", "scaffold", address(server), *allowed(server)).output
    server.status = 200
    monkeypatch.setattr(downloading, "LARGEST", 20)
    assert "larger" in unread("mapping", "scaffold", address(server), *allowed(server)).output


def test_the_form_behind_a_connection_is_read_from_its_tool(unread: Command) -> None:
    project = Project("aForm", "a-token", [])
    (top, *questions), (above, *choices) = SURVEY, CHOICES
    project.content = {
        "translations": [top[2].removeprefix("label::"), top[3].removeprefix("label::")],
        "survey": [
            {
                "type": kind.partition(" ")[0],
                "name": name,
                "select_from_list_name": kind.partition(" ")[2],
                "label": [*labels],
            }
            for kind, name, *labels in questions
        ],
        "choices": [{"list_name": listed, "name": name, "label": labels} for listed, name, *labels in choices],
    }
    assert above[0] == "list_name"
    with KoboServer(project, 0).running() as running:
        (unread.home / "secrets" / "kobo-token").write_text("a-token", "utf-8")
        (unread.home / "connections" / "form.yaml").write_text(
            "organization: example-association\nadapter: kobo\nmapping: kobo/not-there-yet\n"
            f"settings: {{url: '{running.url}', asset: aForm}}\nsecrets: {{token: {{file: secrets/kobo-token}}}}\n",
            "utf-8",
        )
        told = unread.json("mapping", "scaffold", "--connection", "form")
    assert told["extends"] == "kobo/intake"
    assert {one["header"]: one["column"] for one in told["columns"]}["violence/q7"] == "faits/types_violence"
    assert all(asked.path.endswith("/aForm/") for asked in project.asked)
    assert json.dumps(told)


def test_one_source_is_needed_and_a_tool_without_forms_says_so(unread: Command) -> None:
    assert unread("mapping", "scaffold").exit_code == 2
    assert unread("mapping", "scaffold", "--connection", "nothing").exit_code == 1
    (unread.home / "connections" / "figures.yaml").write_text(
        "organization: example-association\nadapter: dhis2\nmapping: dhis2/monthly-report\n", "utf-8"
    )
    shown = unread("mapping", "scaffold", "--connection", "figures")
    assert shown.exit_code == 2
    assert "XLSForm" in shown.output


def test_the_forms_of_a_primero_server_are_compared_with_the_mappings_of_cases(unread: Command) -> None:
    tool = Primero()
    with Served(tool).running() as served:
        (unread.home / "secrets" / "primero-password").write_text(tool.password, "utf-8")
        (unread.home / "connections" / "cases.yaml").write_text(
            "organization: example-association\nadapter: primero\nmapping: primero/not-there-yet\n"
            f"settings: {{url: '{served.url}', user: hub}}\nsecrets: {{password: {{file: secrets/primero-password}}}}\n",
            "utf-8",
        )
        told = unread.json("mapping", "scaffold", "--connection", "cases")
    proposed = {one["header"]: (one["column"], one["confidence"]) for one in told["columns"]}
    assert told["extends"].startswith("primero/gbvims-plus") and not told["missing"]
    for name in ("survivor_code_no", "sex", "services_section/service_type", "incidents/incident_date"):
        assert proposed[name] == (name, "high")
    assert not [asked for asked in tool.asked if "cases" in asked.path]
