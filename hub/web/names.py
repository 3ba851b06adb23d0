"""Which names can stand where in an address: a type is none of the words that the API has for itself, and no more is an id.

https://hl7.org/fhir/R4/http.html#root · https://hl7.org/fhir/R4/datatypes.html#id. So an address that is written out in words is
that one by every method, and who asks it by a wrong one is told which there are. A resource cannot be `_history`, nor `$match`.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from werkzeug.routing import BaseConverter, Rule

from hub.exchange import subscribe
from hub.search.parameters import PARAMETERS

BELOW: Final = "/fhir/"


class ResourceType(BaseConverter):
    """The name of a type as R4 writes it: below a survivor `*`, `_history` and operations have addresses of their own."""

    regex = "[A-Z][A-Za-z]{1,63}"


class Type(BaseConverter):
    """Whatever else is asked for as a type; one that there is not is told so. Subscriptions have rules of their own."""

    regex = rf"(?!(?:metadata|_history|_search|\.well-known|{subscribe.TYPE})\Z|\$)[^/]+"
    part_isolating = True


class AnyType(BaseConverter):
    """What an operation of every type is asked of: also of those that are not stored."""

    regex = r"(?!\$)[^/]+"
    part_isolating = True


class Id(BaseConverter):
    """Whatever is asked for as an id."""

    regex = r"(?!(?:_history|_search)\Z|\$)[^/]+"
    part_isolating = True


class Address(Rule):
    """A rule of the application. It is written in FHIR's words (`/fhir/<type_>/<id_>`): so the log and the trail tell of it.
    `types`: of which it answers its method."""

    def __init__(self, string: str, *, types: Collection[str] = tuple(PARAMETERS), **options: Any) -> None:
        self.types = types
        super().__init__(string, **options)

    def get_converter(
        self, variable_name: str, converter_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> BaseConverter:
        known = self.rule.startswith(BELOW) and converter_name == "default"
        match variable_name if known else "":
            case "type_":
                return AnyType(self.map) if "$" in self.rule else Type(self.map)
            case "id_":
                return Id(self.map)
        return super().get_converter(variable_name, converter_name, args, kwargs)
