"""What a door says of itself: manifest, sentences, files, settings."""

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import Any, ClassVar, Final

import jsonschema

from adapters.acceptance.case import Case
from adapters.acceptance.quiet import Quiet, assert_said, failure
from hub import texts
from hub.errors import Fatal
from hub.ports import Manifest

FILES: Final = frozenset({"__init__.py", "manifest.py", "pull.py", "push.py", "check.py", "README.md"})
LONGEST_README: Final = 15


def described(manifest: Manifest) -> dict[str, Any]:
    """A manifest as JSON, with its sentences."""
    return {
        "name": manifest.name,
        "title": dict(manifest.title),
        "settings": {name: _meant(key) for name, key in manifest.settings.items()},
        "secrets": {name: _meant(key) for name, key in manifest.secrets.items()},
        "required": sorted(manifest.required),
        "types": dict(manifest.types),
        "kinds": list(manifest.kinds),
        "capabilities": sorted(manifest.capabilities),
        "writes_back": manifest.writes_back,
        "tells_one": manifest.tells_one,
    }


def _meant(key: str) -> dict[str, Any]:
    return {"text": key, "meaning": {language: texts.say(key, language) for language in texts.LANGUAGES}}


class Declared(Quiet):
    """A manifest that can be relied on, and a folder like all others."""

    DEMANDS: ClassVar = {"read": "Reads", "http": "OverHttp", "complete-scan": "Scans", "report": "Reports"}
    """Capability → the class of the kit that holds a door to it."""

    def test_the_manifest_is_as_its_schema_says(self, case: Case) -> None:
        schema = json.loads(files("adapters.acceptance").joinpath("manifest.schema.json").read_text("utf-8"))
        jsonschema.validate(described(case.adapter.manifest), schema)

    def test_what_is_required_typed_or_secret_is_a_setting(self, case: Case) -> None:
        manifest = case.adapter.manifest
        assert manifest.required <= set(manifest.settings)
        assert set(manifest.types) <= set(manifest.settings)
        assert not set(manifest.secrets) & set(manifest.settings), "a secret is written in no connection file"

    def test_the_kit_is_asked_about_all_that_the_manifest_promises(self, case: Case) -> None:
        manifest = case.adapter.manifest
        wanted = {self.DEMANDS[one] for one in manifest.capabilities if one in self.DEMANDS}
        wanted |= {"WritesBack"} if manifest.writes_back else set()
        assert wanted <= {one.__name__ for one in type(self).__mro__}

    def test_a_sound_connection_passes_its_check(self, case: Case) -> None:
        assert [issue for issue in case.adapter.check(case.connection()) if issue.blocks] == []

    def test_the_check_tells_of_a_setting_that_it_does_not_know(self, case: Case) -> None:
        issues = list(case.adapter.check(case.connection(no_such_setting="x")))
        assert any("no_such_setting" in value for issue in issues for value in issue.params.values())
        for issue in issues:
            assert_said(case, issue.text, issue.params)

    def test_settings_have_the_types_that_the_manifest_names(self, case: Case) -> None:
        """A setting is a text where the manifest names no type; what a connection of the tests sets must agree."""
        for name, value in case.connection().settings.items():
            jsonschema.validate(value, {"type": case.adapter.manifest.types.get(name, "string")})

    def test_without_its_settings_nothing_is_read_and_the_check_says_why(self, case: Case) -> None:
        manifest = case.adapter.manifest
        bare = replace(case.connection(), settings={})
        if not manifest.required or "read" not in manifest.capabilities:
            return
        problem = failure(case, lambda: list(case.adapter.pull(bare, None)), Fatal)
        assert problem.text in {issue.text for issue in case.adapter.check(bare) if issue.blocks}

    def test_the_folder_has_the_files_of_every_door(self, case: Case) -> None:
        assert {file.name for file in case.folder.iterdir()} >= FILES
        assert len((case.folder / "README.md").read_text("utf-8").splitlines()) <= LONGEST_README

    def test_nothing_in_the_folder_prints_or_logs_by_itself(self, case: Case) -> None:
        for file in case.folder.rglob("*.py"):
            assert not re.search(r"^\s*(print|logging\.\w+|warnings\.warn)\(", file.read_text("utf-8"), re.M), file.name
