"""Stand-in until the words are there."""

from dataclasses import dataclass

from hub.fhir import Resource
from hub.fhir.elements import Profile
from hub.fhir.terminology import translations


@dataclass(frozen=True)
class Words:
    title: str
    description: str = ""


def of_definition(resource: Resource, language: str) -> Words:
    return Words(
        translations(resource, "title").get(language, resource.get("title", resource.get("name", ""))),
        translations(resource, "description").get(language, resource.get("description", "")),
    )


def words(profile: Profile, id_: str, language: str) -> Words:
    return Words(profile.title if id_ == profile.type else profile.element(id_).name)
