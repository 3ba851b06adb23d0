"""A small deployment for benchmarks: the demonstration's organisations and one register."""

import shutil
from base64 import b64encode
from importlib.resources import as_file, files
from pathlib import Path


def register_deployment(folder: Path, suffix: str = ".xlsx") -> Path:
    """Write the deployment and return where its register belongs."""
    with as_file(files("demo") / "deployment") as template:
        shutil.copytree(template, folder, dirs_exist_ok=True)
    for connection in (folder / "connections").iterdir():
        connection.unlink()
    (folder / "secrets").mkdir()
    (folder / "secrets" / "pepper").write_text("benchmark", "utf-8")
    (folder / "secrets" / "kek").write_text(b64encode(b"benchmark".ljust(96)).decode(), "ascii")
    (folder / "connections" / "register.yaml").write_text(
        "organization: yasmine-psy\nadapter: spreadsheet\nmapping: spreadsheet/register-ar\n"
        f"settings: {{path: register{suffix}, language: ar}}\n",
        "utf-8",
    )
    return folder / f"register{suffix}"
