"""What is asked of the database while a request is answered: names of commands and collections, never their content."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pymongo import monitoring


@dataclass
class Commands(monitoring.CommandListener):
    """Hears every client of this process that is opened after it was `registered`; notes what it hears between `noted`."""

    heard: list[str] | None = field(default=None)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.heard is not None:
            self.heard.append(f"{event.command_name} {event.command.get(event.command_name)}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to note."""

    @contextmanager
    def noted(self) -> Iterator[list[str]]:
        self.heard = heard = []
        try:
            yield heard
        finally:
            self.heard = None


LISTENER = Commands()
monitoring.register(LISTENER)  # type: ignore[no-untyped-call]
