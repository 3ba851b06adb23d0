"""A deployment folder is read once, and what is wrong with it is named by file and field, never by value."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import errors, settings
from hub.bootstrap import rules_signature
from hub.errors import HubError
from hub.oauth.lifetimes import Lifetimes
from hub.ports import ExportLimits

ORGANIZATIONS = """
- {id: yasmine, type: association, name: {fr: Yasmine, ar: ياسمين}, province: MA-CAS, services: [listening]}
- {id: chu, type: hospital-unit, name: {fr: CHU}, province: MA-CAS}
"""
CONNECTION = "{organization: yasmine, adapter: spreadsheet, mapping: spreadsheet/register-fr, settings: {path: r.xlsx}}"


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IHALA_PEPPER", "IHALA_MONGODB_URI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("connections", "secrets"):
        (tmp_path / name).mkdir()
    (tmp_path / "hub.toml").write_text("", "utf-8")
    (tmp_path / "organizations.yaml").write_text(ORGANIZATIONS, "utf-8")
    (tmp_path / "connections/register.yaml").write_text(CONNECTION, "utf-8")
    (tmp_path / "secrets/pepper").write_text("a very long secret\n", "utf-8")
    return tmp_path


def refusal(folder: Path) -> HubError:
    with pytest.raises(HubError) as caught:
        settings.read(folder)
    return caught.value


def test_an_empty_file_means_every_default(folder: Path) -> None:
    read = settings.read(folder)
    assert (read.host, read.port, read.base_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080/fhir")
    assert (read.database, read.database_uri, read.cache_gb, read.delivery_seconds) == ("ihala", None, 0.5, 1.0)
    assert (read.delivers, read.delivery_days) == (True, 4)
    assert read.pepper == b"a very long secret"
    assert [entry.id for entry in read.organizations] == ["yasmine", "chu"]
    assert [(one.id, one.organization) for one in read.connections] == [("register", "yasmine")]


def test_what_is_written_is_what_is_read(folder: Path) -> None:
    (folder / "hub.toml").write_text(
        'language = "fr"\n[server]\nport = 9000\nbase_url = "https://hub.example/fhir/"\n[database]\ncache_gb = 2\n',
        "utf-8",
    )
    read = settings.read(folder)
    assert (read.language, read.port, read.base_url, read.cache_gb) == ("fr", 9000, "https://hub.example/fhir", 2.0)


def test_limits_of_exports_are_read_and_usual_where_nothing_is_said(folder: Path) -> None:
    assert settings.read(folder).exports == ExportLimits()
    (folder / "hub.toml").write_text("[export]\nrunning = 1\nlifetime_minutes = 30\nlines = 500\n", "utf-8")
    assert settings.read(folder).exports == ExportLimits(1, timedelta(minutes=30), 500)


def test_a_mail_server_is_read_and_its_password_comes_from_elsewhere(folder: Path) -> None:
    assert settings.read(folder).mail is None
    (folder / "secrets" / "mail-password").write_text("a secret\n", "utf-8")
    said = '[mail]\nhost = "mail.example"\nuser = "hub"\nfrom = "Ihala <hub@x.example>"\nrecipients = ["@x.example", "a@y.example"]\n'
    (folder / "hub.toml").write_text(f'{said}password = {{file = "secrets/mail-password"}}', "utf-8")
    read = settings.read(folder).mail
    assert read is not None and (read.host, read.port, read.security, read.user) == (
        "mail.example",
        587,
        "starttls",
        "hub",
    )
    assert read.password == "a secret" and "a secret" not in repr(settings.read(folder))
    assert read.recipients == ("@x.example", "a@y.example")


@pytest.mark.parametrize(
    ("toml", "field"),
    [
        ('[server]\nport = "9000"', "server.port"),
        ("[server]\nport = true", "server.port"),
        ("server = 3", "server.host"),
        ("[database]\nname = 1", "database.name"),
        ('[database]\nuri = "mongodb://user:secret@host"', "database.uri"),
        ('[delivery]\nevery_seconds = "1"', "delivery.every_seconds"),
        ("[delivery]\nenabled = 1", "delivery.enabled"),
        ("[delivery]\ngive_up_days = 0", "delivery.give_up_days"),
        ('[export]\nrunning = "2"', "export.running"),
        ("[export]\nlifetime_minutes = 0", "export.lifetime_minutes"),
        ("[export]\nlines = 10001", "export.lines"),
        ("language = 1", "language"),
        ('[oauth]\njwks_hosts = "keys.example"', "oauth.jwks_hosts"),
        ("[oauth]\njwks_hosts = [1]", "oauth.jwks_hosts"),
        ('[cors]\norigins = "*"', "cors.origins"),
        ('[mail]\nhost = "mail.example"', "mail.from"),
        ('[mail]\nhost = "mail.example"\nfrom = "hub@x.example"\nsecurity = "none"', "mail.security"),
        ('[mail]\nhost = "mail.example"\nfrom = "hub@x.example"\npassword = "secret"', "mail.password"),
        ('[mail]\nhost = "mail.example"\nfrom = "hub@x.example"\nrecipients = "@x.example"', "mail.recipients"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_and_not_shown(folder: Path, toml: str, field: str) -> None:
    (folder / "hub.toml").write_text(toml, "utf-8")
    problem = refusal(folder)
    assert (problem.problem, problem.place, problem.params) == (errors.BAD_FILE, "hub.toml", {"detail": field})


def test_a_folder_without_settings_is_no_deployment(tmp_path: Path) -> None:
    assert refusal(tmp_path).problem is errors.NO_DEPLOYMENT


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("hub.toml", "a = ", "hub.toml"),
        ("organizations.yaml", "- {id: a", "organizations.yaml:1"),
        ("organizations.yaml", "- {id: a}", "organizations.yaml, entry 1"),
        ("organizations.yaml", ORGANIZATIONS + "- {id: x, colour: red}", "organizations.yaml, entry 3"),
        ("organizations.yaml", ORGANIZATIONS * 2, "organizations.yaml, entry 3"),
        (
            "organizations.yaml",
            ORGANIZATIONS + "- {id: x, type: association, name: {fr: X}, province: MA-CAS, part_of: nowhere}",
            "organizations.yaml, entry 3",
        ),
        ("organizations.yaml", "just words", "organizations.yaml, entry 1"),
        ("connections/register.yaml", "[1, 2]", "connections/register.yaml"),
        ("connections/register.yaml", "{organization: yasmine}", "connections/register.yaml"),
        (
            "connections/register.yaml",
            CONNECTION.replace("settings:", "upload: true, settings:"),
            "connections/register.yaml",
        ),  # belongs below settings
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_place(folder: Path, file: str, text: str, place: str) -> None:
    (folder / file).write_text(text, "utf-8")
    problem = refusal(folder)
    assert (problem.problem, problem.place) == (errors.BAD_FILE, place)


@pytest.mark.parametrize("file", ["hub.toml", "organizations.yaml"])
def test_a_file_in_another_encoding_is_named(folder: Path, file: str) -> None:
    (folder / file).write_bytes("# Hôpital".encode("latin-1"))
    assert refusal(folder).params == {"detail": "UTF-8"}


def test_the_environment_goes_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IHALA_PEPPER", "from outside")
    monkeypatch.setenv("IHALA_MONGODB_URI", "mongodb://host/?replicaSet=rs0")
    read = settings.read(folder)
    assert (read.pepper, read.database_uri) == (b"from outside", "mongodb://host/?replicaSet=rs0")


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_secret_is_a_missing_one(folder: Path, text: str) -> None:
    (folder / "secrets/pepper").write_text(text, "utf-8")
    problem = refusal(folder)
    assert problem.problem is errors.SECRET_MISSING
    assert problem.params == {"name": "pepper", "env": "IHALA_PEPPER", "file": "secrets/pepper"}


def test_a_connections_secret_is_read_when_it_is_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = settings.secret_reader(folder, {"token": {"env": "KOBO_TOKEN", "file": "secrets/kobo"}})
    with pytest.raises(HubError):
        secret("token")
    (folder / "secrets/kobo").write_text("from a file\n", "utf-8")
    assert secret("token") == "from a file"
    monkeypatch.setenv("KOBO_TOKEN", "from the environment")
    assert secret("token") == "from the environment"
    with pytest.raises(HubError):
        secret("another")


def test_no_secret_stands_in_a_printed_value(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IHALA_MONGODB_URI", "mongodb://user:hunter2@host/")
    assert not [secret for secret in ("hunter2", "a very long secret") if secret in repr(settings.read(folder))]


def test_hosts_of_keys_and_origins_of_pages_are_none_unless_listed(folder: Path) -> None:
    assert (settings.read(folder).jwks_hosts, settings.read(folder).cors_origins) == ((), ())
    lists = '[oauth]\njwks_hosts = ["keys.example", "http://127.0.0.1:9000"]\n[cors]\norigins = ["https://app.example:8443", "*"]'
    (folder / "hub.toml").write_text(lists, "utf-8")
    read = settings.read(folder)
    assert [(one.target.host, one.target.port, one.anywhere) for one in read.jwks_hosts] == [
        ("keys.example", 443, False),
        ("127.0.0.1", 9000, True),
    ]
    assert read.cors_origins == ("https://app.example:8443", "*")


@pytest.mark.parametrize(
    ("toml", "field"),
    [
        ('[oauth]\njwks_hosts = ["keys.example/path"]', "oauth.jwks_hosts: keys.example/path"),
        ('[oauth]\njwks_hosts = ["http://keys.example"]', "oauth.jwks_hosts: http://keys.example"),
        ('[cors]\norigins = ["app.example"]', "cors.origins: app.example"),
        ('[cors]\norigins = ["https://app.example/"]', "cors.origins: https://app.example/"),
        ('[cors]\norigins = ["null"]', "cors.origins: null"),
    ],
)
def test_a_member_of_a_list_that_cannot_be_meant_is_named(folder: Path, toml: str, field: str) -> None:
    (folder / "hub.toml").write_text(toml, "utf-8")
    assert refusal(folder).params["detail"] == field


def test_how_long_people_stay_signed_in_is_set_in_minutes(folder: Path) -> None:
    assert settings.read(folder).lifetimes == Lifetimes()
    (folder / "hub.toml").write_text("[people]\nsession_idle_minutes = 5\nrefresh_minutes = 60\n", "utf-8")
    found = settings.read(folder).lifetimes
    assert (found.session_idle, found.refresh_most) == (timedelta(minutes=5), timedelta(hours=1))
    assert found.session_most == Lifetimes().session_most


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", '"an hour"'])
def test_a_stay_that_is_no_number_of_minutes_is_named(folder: Path, wrong: str) -> None:
    (folder / "hub.toml").write_text(f"[people]\nsession_minutes = {wrong}\n", "utf-8")
    found = refusal(folder)
    assert (found.problem, found.params["detail"]) == (errors.BAD_FILE, "people.session_minutes")


@pytest.mark.parametrize("change", [{"services": ("shelter",)}, {"province": "MA-FES"}, {"part_of": "chu"}])
def test_records_are_settled_anew_when_an_organisation_gives_other_services_moves_or_joins_another(
    folder: Path, change: dict[str, Any]
) -> None:
    read = settings.read(folder)
    first, *rest = read.organizations
    changed, renamed = replace(first, **change), replace(first, name={"fr": "Autre nom"})
    assert rules_signature(replace(read, organizations=(changed, *rest))) != rules_signature(read)
    assert rules_signature(replace(read, organizations=(renamed, *rest))) == rules_signature(read)


def test_a_connection_of_an_organisation_that_is_not_there_names_those_that_are(folder: Path) -> None:
    (folder / "connections/x.yaml").write_text(CONNECTION.replace("yasmine", "yasmin"), "utf-8")
    problem = refusal(folder)
    assert (problem.problem, problem.place) == (errors.UNKNOWN_ORGANIZATION, "connections/x.yaml")
    assert problem.params == {"name": "yasmin", "known": "chu, yasmine"}
