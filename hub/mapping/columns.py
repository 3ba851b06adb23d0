"""The `columns:` of a mapping file: headers, transform and policy of each, checked."""

from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from hub.fhir.definitions import Definitions
from hub.mapping import adds, concept_maps, otherwise, ticks
from hub.mapping.document import Document, Where
from hub.mapping.library import Library
from hub.mapping.model import Code, Transform
from hub.mapping.plan import Column
from hub.mapping.problems import Problems
from hub.mapping.transforms import TRANSFORMS, parameters
from hub.mapping.transforms.codes import Codes
from hub.mapping.vocabulary import Label, Vocabulary

SETTINGS: Final = frozenset(
    {
        *("headers", "transform", "required", "on_error", "direction", "repeat", "in", "class", "ignored"),
        *("map", "systems", "ticks", "otherwise", "adds_to"),
    }
)
CODED: Final = frozenset({"code", "codes"})


class ColumnReader:
    """Reads columns; `vocabulary` and `concept_maps` also serve the elements."""

    def __init__(
        self,
        document: Document,
        problems: Problems,
        definitions: Definitions,
        library: Library,
        folders: Sequence[Traversable],
    ) -> None:
        self._problems = problems
        self._definitions = definitions
        self._library = library
        self._folders = folders
        self._language = str(document.data.get("language", "en"))
        self._dates = document.data.get("dates") or {}

    def column(self, name: str, said: Any) -> Column:
        where: Where = ("columns", name)
        said = said if isinstance(said, dict) else {}
        repeat, ignored = bool(said.get("repeat")), bool(said.get("ignored"))
        added = adds.read(said, where, self._problems)
        transform = None if repeat or ignored or "adds_to" in said else self._transform(name, said, where)
        ticked = ticks.read(said, where, self._problems)
        usual = "forward" if ticked or added else "both"
        policy, direction = said.get("on_error", "quarantine"), said.get("direction", usual)
        if policy not in {"warn", "quarantine"}:
            self._problems.add((*where, "on_error"), "shape", expected="warn, quarantine")
        if direction not in {"both", "forward", "back"}:
            self._problems.add((*where, "direction"), "shape", expected="both, forward, back")
        return Column(
            name=name,
            headers=self._headers(said.get("headers"), (*where, "headers")),
            transform=transform,
            required=bool(said.get("required")),
            warns=policy == "warn",
            direction=direction,
            repeat=repeat,
            within=str(said.get("in", "")),
            data_class=str(said.get("class", "")),
            ticks=ticked,
            otherwise=otherwise.read(said, where, self._problems),
            adds_to=added,
        )

    def concept_maps(self, names: Any, where: Where) -> list[Resource]:
        """The ConceptMaps of these names; their target codes are checked against the code systems. Raises
        HubError(MISCONFIGURED) where one cannot be read."""
        found = []
        for name in names if isinstance(names, list) else [names]:
            loaded = self._library.concept_map(str(name), self._folders)
            if loaded is None:
                self._problems.add(where, "unknown-map", name=str(name))
                continue
            resource = concept_maps.read(loaded)
            if not concept_maps.is_whole(resource):
                self._problems.add((), "map-shape", place=f"{loaded.name}:1")
                continue
            self._check_targets(loaded.name, resource, loaded.text)
            found.append(resource)
        return found

    def labels(self, system: str, where: Where) -> list[Label]:
        """The labels of all codes of a code system, in our languages."""
        try:
            codes = self._definitions.code_system(system)
        except KeyError:
            self._problems.add(where, "unknown-system", name=system)
            return []
        return [
            Label(Code(codes.url, code), language, text)
            for code, concept in codes.codes.items()
            for language, text in ({"en": concept.display} | dict(concept.designations)).items()
        ]

    def _headers(self, said: Any, where: Where) -> tuple[str, ...]:
        """All headers, those of the mapping's language first."""
        if said is None:
            return ()
        if not isinstance(said, dict) or not all(isinstance(one, list) for one in said.values()):
            self._problems.add(where, "shape", expected="fr: […], ar: […]")
            return ()
        ordered = sorted(said, key=lambda language: language != self._language)
        return tuple(dict.fromkeys(str(header) for language in ordered for header in said[language]))

    def _transform(self, name: str, said: dict[str, Any], where: Where) -> Transform | None:
        kind = str(said.get("transform", ""))
        if kind not in TRANSFORMS:
            self._problems.add((*where, "transform"), "unknown-transform", name=kind, known=", ".join(TRANSFORMS))
            return None
        allowed = parameters(kind) | ({"words"} if kind in CODED else frozenset())
        own = {key: value for key, value in said.items() if key not in SETTINGS}
        for key in [key for key in own if key not in allowed]:
            known = ", ".join(sorted({*allowed, *SETTINGS}))
            self._problems.add((*where, key), "unknown-key", setting=key, known=known)
            del own[key]
        if "words" in own and not _is_word_list(own["words"]):
            self._problems.add((*where, "words"), "shape", expected='"yes": […], "no": […]')
            del own["words"]
        if own.get("unclear", "no") != "no":
            self._problems.add((*where, "unclear"), "shape", expected='"no"')
            del own["unclear"]
        if kind in CODED:
            words = own.pop("words", {})
            return Codes(self._vocabulary(said, words, where), several=kind == "codes", **own)
        if kind == "date":
            own = {**self._dates, **own}
        if "language" in TRANSFORMS[kind].__dataclass_fields__:  # type: ignore[attr-defined]  # each is a dataclass
            own["language"] = self._language
        return TRANSFORMS[kind](**own)

    def _vocabulary(self, said: dict[str, Any], words: Mapping[str, Sequence[str]], where: Where) -> Vocabulary:
        """`words`: by a code, or a word that is known, what this form says for it."""
        if "map" not in said and "systems" not in said:
            self._problems.add(where, "shape", expected="map, systems")
        maps = self.concept_maps(said["map"], (*where, "map")) if "map" in said else []
        labels = [
            label for system in said.get("systems") or () for label in self.labels(str(system), (*where, "systems"))
        ]
        known = Vocabulary(maps, labels, self._language)
        meant = {name: known.meaning(str(name)) for name in words}
        for name in [name for name, meaning in meant.items() if meaning is None]:
            self._problems.add(
                (*where, "words", name), "unknown-word", word=str(name), known=", ".join(known.phrases[:20])
            )
        own = [(str(word), meaning) for name, meaning in meant.items() if meaning is not None for word in words[name]]
        return known.with_words(own) if own else known

    def _check_targets(self, file: str, resource: Resource, text: str) -> None:
        for group in resource.get("group", ()):
            try:
                known = self._definitions.code_system(group["target"])
            except KeyError:
                if group["target"].startswith(BASE):  # the codes of others, as languages, are not all packaged
                    self._problems.add(
                        (), "unknown-system", place=_line(file, text, group["target"]), name=group["target"]
                    )
                continue
            for code in {t["code"] for e in group.get("element", ()) for t in e.get("target", ()) if "code" in t}:
                if known.complete and not known.contains(code):
                    self._problems.add((), "unknown-code", place=_line(file, text, code), code=code, system=known.name)


def _is_word_list(said: Any) -> bool:
    return isinstance(said, dict) and all(isinstance(one, list) for one in said.values())


def _line(file: str, text: str, word: str) -> str:
    """`file:line` of the first line that holds the word in quotes."""
    quoted = f'"{word}"'
    found = (number for number, line in enumerate(text.splitlines(), 1) if quoted in line)
    return f"{file}:{next(found, 1)}"
