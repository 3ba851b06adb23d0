"""`hub profiles`: which profiles there are, their JSON Schemas, and the whole contract as a FHIR package."""

from difflib import get_close_matches
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from hub import conformance
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.conformance import package as packages
from hub.conformance.site import pages
from hub.fhir import canonicals, contract, definitions, words


@group("profiles", "cli.profiles")
def profiles() -> None: ...


@command("list", "cli.profiles-list")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_all(session: Session, as_json: bool) -> None:
    found = [
        {
            "name": one.name,
            "resource": one.type,
            "dataClass": one.base_class,
            "title": _title(one, session),
            "url": one.url,
        }
        for one in definitions.load().profiles()
    ]
    if as_json:
        session.write_json(found)
        return
    table = Table(*(session.say(f"heading.{name}") for name in ("profile", "resource", "data-class", "title")))
    for row in found:
        data_class = definitions.load().display("data-class", row["dataClass"], session.language)
        table.add_row(*map(Text, (row["name"], row["resource"], data_class or row["dataClass"], row["title"])))
    session.out.print(table)


def _title(profile: definitions.Profile, session: Session) -> str:
    return words.of_profile(profile, session.language).title


@command("schema", "cli.profiles-schema")
@click.argument("name", metavar="NAME")
@pass_session
def show_schema(session: Session, name: str) -> None:
    known = [one.name for one in definitions.load().profiles()]
    if name not in known:
        near = get_close_matches(name, known, 1)
        said = f" {session.say('wrong.near', name=near[0])}" if near else ""
        raise WrongUse("profiles-schema.unknown", name=name, known=", ".join(known), near=said)
    session.write_json(conformance.schema(name, session.language))


@command("package", "cli.profiles-package")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="DIR")
@click.option("--base", default=canonicals.BASE, metavar="URL")
@pass_session
def write_package(session: Session, out: Path, base: str) -> None:
    if not contract.is_base(base):
        raise WrongUse("profiles-package.no-base", base=base)
    package = packages.load(base)
    content = package.archive()
    out.mkdir(parents=True, exist_ok=True)
    (out / package.file_name).write_bytes(content)
    session.tell("profiles-package.done", file=out / package.file_name, count=len(package.files))
    folder = out / package.file_name.removesuffix(".tgz")
    written = pages(package)
    for path, text in written.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text)
    session.tell("profiles-package.site", file=folder / "index.html", count=sum(p.endswith(".html") for p in written))


for _one in (show_all, show_schema, write_package):
    profiles.add_command(_one)
