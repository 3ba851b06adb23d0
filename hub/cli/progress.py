"""One line that says how far a long command has come, while a person watches; nothing where nobody does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hub.cli.session import Session


@contextmanager
def progress(session: Session, begun: str = "", *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """What is yielded replaces the line; `begun` stands there at first."""
    console = session.err
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        line = shown.add_task(begun, total=None)
        yield lambda said: shown.update(line, description=said)
