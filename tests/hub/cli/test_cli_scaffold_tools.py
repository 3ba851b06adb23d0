"""`hub mapping scaffold --connection`: a first mapping from the form that a tool itself describes, with no record read."""

from pathlib import Path

from adapters.replay import Served
from tests.hub.cli.test_cli_scaffold import CHOICES, SURVEY, xlsform
from tests.support.command_line import Command
from tests.support.commcare import KEY, USER, populated
from tests.support.commcare_applications import INTAKE
from tests.support.odk_central import EMAIL, FORM, PASSWORD, PROJECT, Central

ODK = """organization: example-association
adapter: odk
mapping: odk/not-there-yet
settings: {{url: '{url}', project: {project}, form: '{form}'}}
secrets: {{email: {{file: secrets/email}}, password: {{file: secrets/password}}}}
"""
COMMCARE = """organization: example-association
adapter: commcare
mapping: commcare/not-there-yet
settings: {{url: '{url}', domain: anwar, user: '{user}'}}
secrets: {{key: {{file: secrets/commcare}}}}
"""


def written(hub: Command, connection: str, **secrets: str) -> None:
    (hub.home / "connections" / "form.yaml").write_text(connection, "utf-8")
    for name, secret in secrets.items():
        (hub.home / "secrets" / name).write_text(secret, "utf-8")


def is_sound(hub: Command) -> bool:
    """What was written, without the connection, which names a mapping that is not there yet."""
    (hub.home / "connections" / "form.yaml").unlink()
    return bool(hub.json("check")["ok"])


def test_a_form_of_odk_central_becomes_a_first_mapping(unread: Command, tmp_path: Path) -> None:
    central = Central()
    central.workbook = xlsform(tmp_path, SURVEY, CHOICES).read_bytes()
    with Served(central).running() as served:
        written(unread, ODK.format(url=served.url, project=PROJECT, form=FORM), email=EMAIL, password=PASSWORD)
        told = unread.json("mapping", "scaffold", "--connection", "form")
    assert {one["header"]: one["column"] for one in told["columns"]}["violence/q7"] == "faits/types_violence"
    assert not [asked for asked in central.asked if "ubmissions" in asked.path]
    assert is_sound(unread)


def test_the_applications_of_a_commcare_project_space_become_a_first_mapping(unread: Command) -> None:
    space = populated(2)
    space.applications = [INTAKE]
    with Served(space).running() as served:
        written(unread, COMMCARE.format(url=served.url, user=USER), commcare=KEY)
        told = unread.json("mapping", "scaffold", "--connection", "form")
    assert told["extends"] == "commcare/casework"
    lines = {one["header"]: one for one in told["columns"]}
    assert lines["survivor/age"]["column"] == "survivor/age"
    assert lines["survivor/violence_types"]["column"] == "survivor/violence_types"
    meanings = {one["name"]: one["meaning"] for one in lines["survivor/violence_types"]["choices"]}
    assert meanings == {"v1": "gbv-type#physical-assault", "v2": "gbv-type#psychological-abuse"}
    assert {asked.path for asked in space.asked} == {"/a/anwar/api/application/v1/"}
    assert is_sound(unread)
