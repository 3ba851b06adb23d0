"""Every page of the site: path in the folder → content. The same definitions give the same bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import jinja2
import orjson

from hub import texts
from hub.conformance.package import Package
from hub.conformance.site import codes, examples
from hub.conformance.site.rows import Row, opens, rows
from hub.fhir import Resource, canonicals
from hub.fhir.contract import rebased
from hub.fhir.data_classes import data_classes
from hub.fhir.definitions import Definitions, load
from hub.fhir.elements import Constraint, Element, Profile
from hub.fhir.words import Words, of_profile, translated, words

RIGHT_TO_LEFT: Final = frozenset({"ar"})
OTHERS: Final = (
    "CapabilityStatement", "OperationDefinition", "SearchParameter", "Basic", "Measure", "NamingSystem",
    "ImplementationGuide",
)  # fmt: skip
GROUPS: Final = {
    "person": ("Patient", "RelatedPerson"),
    "case": ("EpisodeOfCare", "Encounter", "Observation", "RiskAssessment", "Flag", "CarePlan"),
    "referral": ("ServiceRequest", "Task", "Communication", "DocumentReference"),
    "services": ("Procedure",),
    "consent": ("Consent",),
    "directory": ("Organization", "HealthcareService", "Location", "PractitionerRole", "Endpoint"),
    "account": ("MeasureReport", "Provenance", "AuditEvent"),
}
"""Types of resource, as the index groups their profiles."""
KINDS: Final = {
    "string": "text", "markdown": "text", "code": "code", "Coding": "code", "CodeableConcept": "code", "boolean": "yes-no",
    "integer": "number", "decimal": "number", "positiveInt": "number", "unsignedInt": "number", "Quantity": "number",
    "date": "date", "dateTime": "date", "instant": "instant", "time": "time", "uri": "address-of-web",
    "url": "address-of-web", "canonical": "address-of-web", "Identifier": "identifier", "Period": "period",
    "Reference": "reference", "id": "identifier",
}  # fmt: skip
"""A data type in plain words; what is not here has elements of its own."""


def pages(package: Package) -> Mapping[str, bytes]:
    """The whole site. `package`: the contract as it was read."""
    site = _Site(package, load())
    found = {"index.html": _template("start").render(languages=_languages()).encode()}
    for language in texts.LANGUAGES:
        found |= {f"{language}/{path}": text.encode() for path, text in site.speaking(language)}
    if package.base != canonicals.BASE:
        found = {path: rebased(text.decode(), canonicals.BASE, package.base).encode() for path, text in found.items()}
    return found | {"style.css": _folder().joinpath("style.css").read_bytes()} | dict(site.files())


@dataclass(frozen=True)
class _Link:
    """A page as a list names it."""

    name: str
    title: str
    about: str = ""
    href: str = ""
    kind: str = ""
    count: int = 0
    is_ours: bool = True


@dataclass(frozen=True)
class _Site:
    package: Package
    definitions: Definitions
    _found: dict[str, tuple[Row, ...]] = field(default_factory=dict)  # rows, by profile

    def speaking(self, language: str) -> Iterator[tuple[str, str]]:
        """Path and text of each page in one language."""
        extensions = self._links(self._extensions, language)
        yield self._page(language, "index", "index.html", groups=self._groups(language), extensions=extensions)
        yield self._page(language, "data-classes", "data-classes.html", classes=data_classes().values(), opens=opens)
        yield self._page(language, "codes", "codes/index.html", tables=self._code_links(language))
        yield self._page(language, "others", "others.html", groups=self._others(language))
        for profile in (*self.definitions.profiles(), *self._extensions):
            yield self._profile(language, profile)
        for table in self._tables:
            yield self._code(language, table)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """What the pages link to besides pages: definitions and schemas, as the package has them."""
        for path, content in self.package.files.items():
            folder, _, name = path.removeprefix("package").strip("/").rpartition("/")
            if folder in {"", "schemas"} and name.endswith(".json") and not name.startswith("."):
                yield f"{folder or 'definitions'}/{name}", content

    def _profile(self, language: str, profile: Profile) -> tuple[str, str]:
        return self._page(
            language,
            "profile",
            f"profiles/{profile.name}.html",
            profile=profile,
            own=data_classes().get(profile.base_class),
            opens=opens,
            rows=self._rows(profile),
            said={id_: words(profile, id_, language) for id_ in profile.elements}
            | {profile.type: of_profile(profile, language)},
            known={p.name for p in self.definitions.profiles()},
            added={p.name for p in self._extensions},
            rules=profile.constraints,
            base=self._base(profile),
            derived=[p.name for p in self.definitions.profiles() if self._base(p) == profile.name],
            valid=examples.valid(profile, self.package),
            invalid=examples.invalid(profile),
        )

    def _code(self, language: str, table: codes.Table) -> tuple[str, str]:
        said = self._titled(table, language)
        given = {
            "table": table,
            "title": said.title,
            "about": said.about,
            "used_by": self._used_by(table.name, language),
        }
        return self._page(language, "code", f"codes/{table.name}.html", **given)

    def _page(self, language: str, template: str, path: str, **given: Any) -> tuple[str, str]:
        text = _template(template).render(
            language=language,
            direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
            **_sentences(self.definitions, language),
            pretty=_pretty,
            up="../" * path.count("/"),
            path=path,
            languages=_languages(),
            version=self.package.version,
            **given,
        )
        return path, text

    # --- what pages link to -----------------------------------------------------------------------------------------

    @cached_property
    def _extensions(self) -> tuple[Profile, ...]:
        found = [one for one in self.package.definitions.values() if one.get("type") == "Extension"]
        return tuple(self.definitions.extension_definition(one["url"]) for one in found)

    def _links(self, profiles: Iterable[Profile], language: str) -> list[_Link]:
        found = [_Link(p.name, self._title(p, language), kind=p.type) for p in profiles]
        meant = {one.name for type_ in {link.kind for link in found} if (one := self.definitions.for_type(type_))}
        return sorted(found, key=lambda link: (link.kind, link.name not in meant, link.name))

    def _groups(self, language: str) -> Mapping[str, list[_Link]]:
        """The profiles as a reader looks for them; the special cases of one stand behind it."""
        found = self._links(self.definitions.profiles(), language)
        return {
            group: [link for type_ in types for link in found if link.kind == type_] for group, types in GROUPS.items()
        }

    def _title(self, profile: Profile, language: str) -> str:
        return of_profile(profile, language).title

    def _resource(self, profile: Profile) -> Resource:
        return self.package.definitions[f"structure-definitions/{profile.name}"]

    def _base(self, profile: Profile) -> str:
        """The profile of ours that this one narrows, if any."""
        base = self._resource(profile)["baseDefinition"]
        return next((p.name for p in self.definitions.profiles() if p.url == base), "")

    @cached_property
    def _tables(self) -> tuple[codes.Table, ...]:
        return tuple(codes.tables(self.definitions))

    @cached_property
    def _users(self) -> Mapping[str, list[Profile]]:
        """Value set → the profiles and extensions that bind an element to it."""
        found: dict[str, list[Profile]] = {}
        for profile in (*self.definitions.profiles(), *self._extensions):
            for name in dict.fromkeys(row.value_set for row in self._rows(profile)):
                found.setdefault(name, []).append(profile)
        return found

    def _rows(self, profile: Profile) -> tuple[Row, ...]:
        if profile.url not in self._found:
            self._found[profile.url] = tuple(rows(profile, self.definitions))
        return self._found[profile.url]

    def _used_by(self, value_set: str, language: str) -> list[_Link]:
        return [_Link(p.name, self._title(p, language)) for p in self._users.get(value_set, ())]

    def _code_links(self, language: str) -> list[_Link]:
        return sorted((self._titled(table, language) for table in self._tables), key=lambda link: link.name)

    def _titled(self, table: codes.Table, language: str) -> _Link:
        """A value set of ours by its title; one of R4 by its name, as R4's prose is not ours to show."""
        resource = self.package.definitions.get(f"value-sets/{table.name}")
        said = _of_definition(resource, language) if resource else Words(table.name)
        return _Link(table.name, said.title, said.description, count=len(table.rows), is_ours=table.is_ours)

    def _others(self, language: str) -> Mapping[str, list[_Link]]:
        """What else the package holds, by type of resource."""
        found: dict[str, list[_Link]] = {type_: [] for type_ in OTHERS}
        for one in self.package.definitions.values():
            if (type_ := one["resourceType"]) in found:
                said = _of_definition(one, language)
                href = f"../definitions/{type_}-{one['id']}.json"
                found[type_].append(_Link(one["id"], said.title, said.description, href))
        return {type_: listed for type_, listed in found.items() if listed}


def _of_definition(resource: Resource, language: str) -> Words:
    """What a definition is called and what it says of itself; a NamingSystem has no title in R4, a topic only its code."""
    name = resource.get("name") or resource["id"]
    title, description = (_part(resource, part, language) for part in ("title", "description"))
    return Words(title or description or name, description if title else "")


def _part(resource: Resource, part: str, language: str) -> str:
    """A topic is a Basic in R4, and says what it is in extensions: https://hl7.org/fhir/R4/versions.html#extensions"""
    for extension in resource.get("extension", ()):
        if extension["url"].endswith(f"SubscriptionTopic.{part}"):
            value = next(key for key in extension if key.startswith("value"))
            return translated(extension, value, language)
    return translated(resource, part, language)


def _sentences(definitions: Definitions, language: str) -> dict[str, Callable[..., Any]]:
    """What a template says, each in the language of its page."""

    def rule_in_words(constraint: Constraint, element: Element) -> str:
        return texts.say(f"conformance.{constraint.key}", language, element=element.path)

    def class_meaning(code: str) -> str:
        return definitions.code_system("data-class").codes[code].defined(language)

    return {
        "say": lambda key, **blanks: texts.say(f"site.{key}", language, **blanks),
        "sentence": lambda issue: texts.say(issue.text, language, **issue.params),
        "label": lambda system, code: definitions.display(system, code, language) if system else None,
        "class_label": lambda code: definitions.display("data-class", code, language),
        "class_meaning": class_meaning,
        "rule_in_words": rule_in_words,
        "kind": lambda type_: texts.say(f"site.kind-{KINDS.get(type_, 'group')}", language),
    }


def _languages() -> list[tuple[str, str]]:
    """Each language by its own name."""
    return [(language, texts.say("site.language", language)) for language in texts.LANGUAGES]


def _folder() -> Traversable:
    return files("hub.conformance.site").joinpath("templates")


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda file: _folder().joinpath(file).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{name}.html")


def _pretty(resource: Resource) -> str:
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2).decode()
