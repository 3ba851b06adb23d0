"""What is wrong with a mapping file: collected, each with file and line, before anything is refused."""

from hub.errors import MISCONFIGURED, HubError
from hub.fhir.issues import Issue
from hub.mapping.document import Document, Where
from hub.texts import say


class MappingError(HubError):
    """A mapping that cannot be used. `issues` are all its problems; each names its place in `params`."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        detail = "\n".join(f"{issue.params['place']}: {say(issue.text, 'en', **issue.params)}" for issue in issues)
        place = issues[0].params["place"]
        super().__init__(MISCONFIGURED, place=place, text="mapping.unusable", detail=detail)
        self.issues = issues


class Problems:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._issues: list[Issue] = []

    def add(self, where: Where, problem: str, place: str = "", **params: str) -> None:
        """`problem` is the rest of a key `mapping.check-…`."""
        params["place"] = place or self._document.place(where)
        found = Issue("error", "structure", f"mapping.check-{problem}", params=params)
        if found not in self._issues:
            self._issues.append(found)

    @property
    def issues(self) -> tuple[Issue, ...]:
        return tuple(self._issues)
