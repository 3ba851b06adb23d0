"""Where a form or a register that nobody has seen comes from: a file, an address, or the tool behind a connection."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from hub import bootstrap, settings
from hub.cli.problems import WrongUse
from hub.cli.session import Session
from hub.errors import UNKNOWN_CONNECTION, HubError
from hub.outbound.allowed import Allowed
from hub.outbound.download import NotFetched, download
from hub.ports import Adapter, Connection, Layout, Sample, Sampling

ROWS: Final = 300
ADDRESS: Final = ("https://", "http://")

NOT_FETCHED: Final = {
    "not-allowed": "fetch-not-allowed",
    "not-public": "fetch-not-public",
    "slow": "fetch-slow",
    "unreachable": "fetch-unreachable",
    "status": "fetch-status",
    "too-large": "fetch-too-large",
}
"""Why → what is said of it."""


class Source(click.Path):
    """A file that is there, or an address."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if str(value).lower().startswith(ADDRESS) else super().convert(value, param, ctx)


def samples(source: str, named: Sequence[str] = ()) -> list[Sample]:
    """The top of each of its sheets. Raises WrongUse, Fatal."""
    if not source.lower().startswith(ADDRESS):
        return list(_of_file(Path(source)))
    with TemporaryDirectory(prefix="ihala-") as folder:  # for this command alone, and readable by nobody else
        file = Path(folder) / "source"
        file.write_bytes(_fetched(source, named))
        return list(_of_file(file))


def _fetched(url: str, named: Sequence[str]) -> bytes:
    try:
        hosts = tuple(map(Allowed.read, named))
    except ValueError:
        raise WrongUse("mapping-scaffold.bad-host") from None
    try:
        return download(url, hosts)
    except NotFetched as problem:
        raise WrongUse(f"mapping-scaffold.{NOT_FETCHED[problem.why]}") from None


def _of_file(source: Path) -> Iterator[Sample]:
    """Through the first door that can show the top of such a file."""
    connection = Connection(
        "scaffold", "organization", "", "", {"path": source.name}, source.resolve().parent, Layout({}), lambda _: ""
    )
    for adapter in _doors():
        if "path" in adapter.manifest.settings and isinstance(adapter, Sampling):
            yield from adapter.sample(connection, ROWS)
            return


def _doors() -> Iterator[Adapter]:
    for point in bootstrap.adapters().values():
        try:
            adapter: Adapter = point.load()
        except Exception:  # noqa: S112 — a door of somebody else that is broken is told by `hub check`
            continue
        yield adapter


def samples_of(session: Session, name: str) -> tuple[list[Sample], frozenset[str]]:
    """As the tool behind a connection describes its form, and the kinds of record that it reads. Raises HubError, WrongUse,
    Fatal, Retriable."""
    read = settings.read(session.home.resolve())
    written = next((one for one in read.connections if one.id == name), None)
    if written is None:
        known = ", ".join(sorted(one.id for one in read.connections)) or "-"
        raise HubError(UNKNOWN_CONNECTION, name=name, known=known)
    adapter: Adapter = bootstrap.adapters()[written.adapter].load()
    if not isinstance(adapter, Sampling):
        raise WrongUse("mapping-scaffold.no-form", adapter=written.adapter)
    secret = settings.secret_reader(read.folder, written.secrets)
    connection = Connection(
        name, written.organization, written.adapter, "", written.settings, read.folder, Layout({}), secret
    )
    return list(adapter.sample(connection, ROWS)), frozenset(adapter.manifest.kinds)
