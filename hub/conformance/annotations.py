"""The JSON Schema of a profile as it is published: titles, descriptions, labels of codes, data classes and examples.

Annotations alone, which no validator heeds: the verdict is that of `json_schema`. `enumDescriptions` stands beside `enum`, where
editors look for labels (https://code.visualstudio.com/docs/languages/json); names of our own begin with `x-`.

https://json-schema.org/draft/2020-12/json-schema-validation#section-9
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from hub import texts
from hub.conformance.json_schema import Schema, definitions, schema
from hub.conformance.plan import Complex, Primitive, Property
from hub.fhir.contract import resolved
from hub.fhir.data_classes import data_classes
from hub.fhir.definitions import Element, load
from hub.fhir.r4 import tables
from hub.fhir.words import Words, of_path, of_profile, words

SHOWN: Final = 12
"""How many codes a description lists; `enum` lists them all."""

CLASSED: Final = ("x-data-class", "x-confidentiality")


def annotated(root: Complex, language: str) -> Schema:
    """The schema of a profile with its words in the language."""
    assert root.profile is not None
    bare = schema(root, root.profile.title, root.profile.url)
    said = of_profile(root.profile, language)
    defined = sorted(definitions(root).items())
    return {
        "$schema": bare["$schema"],
        "$id": bare["$id"],
        **_said(said),
        "$comment": texts.say("schema.reading", language),
        "x-data-classes": {code: _data_class(code, language) for code in sorted(root.profile.classes)},
        "examples": [_whole_example(root.profile.name)],
        "$ref": bare["$ref"],
        "$defs": {name: _object(node, body, language) for name, (node, body) in defined},
    }


def _object(node: Complex, body: Schema, language: str) -> Schema:
    properties = dict(body["properties"])
    if node.is_resource:
        properties["resourceType"] = {"title": texts.say("schema.record-type", language), **properties["resourceType"]}
    for p in node.properties.values():
        noted = _property(node, p, properties[p.name], language)
        properties[p.name] = noted
        if p.sibling:
            about = texts.say("schema.about", language, title=noted["title"])
            classed = {key: value for key, value in noted.items() if key in CLASSED}
            properties[f"_{p.name}"] = {"title": about, **classed, **properties[f"_{p.name}"]}
    return {**_said(_of_node(node, language)), **_class_of(node, node.element_id), **body, "properties": properties}


def _of_node(node: Complex, language: str) -> Words:
    if node.profile is None:
        return of_path(node.key, language)
    return of_profile(node.profile, language) if node.is_resource else words(node.profile, node.element_id, language)


def _property(node: Complex, p: Property, body: Schema, language: str) -> Schema:
    element = _element(node, p)
    said = words(node.profile, element.id, language) if node.profile else of_path(element.path, language)
    type_ = element.json_names[p.name]
    title = f"{said.title} ({of_path(type_, language).title})" if len(element.json_names) > 1 else said.title
    codes = tuple(_codes(p, element))
    sentences = (
        said.description, _kinds(node, p, element, language), _how_to_write(p, type_, language), _listed(codes, language)
    )  # fmt: skip
    return {
        **_said(Words(title, " ".join(map(_ended, filter(None, sentences))))),
        **_class_of(node, element.id),
        **_labelled(_with_labels(p, body, codes, language), language),
        **_example(p, element, codes),
    }


def _element(node: Complex, p: Property) -> Element:
    if node.profile is not None:
        return node.profile.element(f"{node.element_id}.{p.group}")
    row = tables().rows[f"{node.key}.{p.group}"]
    types = tables().rows[row.content].types if row.content else row.types
    return Element(row.path, row.path, row.min, row.max, types, "", binding=row.binding, strength="required")


def _said(said: Words) -> Schema:
    """Titles of data types begin small, as they also stand within a title."""
    title = said.title[:1].upper() + said.title[1:]
    return {"title": title, **({"description": said.description} if said.description else {})}


def _kinds(node: Complex, p: Property, element: Element, language: str) -> str:
    """What the items of a list may be, where the profile tells several kinds apart."""
    if node.profile is None or not p.slices:
        return ""
    kinds = [words(node.profile, f"{element.id}:{one.name}", language).title for one in p.slices]
    return texts.say("schema.kinds", language, kinds=_joined(kinds, language))


def _joined(parts: Iterable[str], language: str) -> str:
    return {"ar": "؛ ", "fr": " ; "}.get(language, "; ").join(parts)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "؟", "…")) else f"{sentence}."


def _how_to_write(p: Property, type_: str, language: str) -> str:
    free = isinstance(p.value, Primitive) and p.value.codes is None and p.value.fixed is None
    return of_path(type_, language).description if free else ""


# --- codes -----------------------------------------------------------------------------------------------------------


def _codes(p: Property, element: Element) -> Iterator[tuple[str, str]]:
    """System and code of everything that may stand here."""
    is_coded = p.codings is not None or (isinstance(p.value, Primitive) and p.value.codes is not None)
    only = p.value.fixed if isinstance(p.value, Primitive) else None
    if is_coded and element.binding:
        codes = load().value_set(element.binding).codes
        yield from (pair for pair in codes if only in {None, pair[1]})


def _listed(codes: tuple[tuple[str, str], ...], language: str) -> str:
    if not codes:
        return ""
    labels = [(code, load().display(system, code, language) or code) for system, code in codes[:SHOWN]]
    pairs = [code if code == label else f"{code} = {label}" for code, label in labels]
    return texts.say("schema.codes", language, codes=_joined([*pairs, *["…"] * (len(codes) > SHOWN)], language))


def _with_labels(p: Property, body: Schema, codes: tuple[tuple[str, str], ...], language: str) -> Schema:
    """A plain code with the labels of its codes."""
    if not codes or not isinstance(p.value, Primitive):
        return body
    if p.is_list:
        return {**body, "items": _labels(body["items"], codes, language)}
    return _labels(body, codes, language)


def _labels(body: Schema, codes: tuple[tuple[str, str], ...], language: str) -> Schema:
    known = {code: load().display(system, code, language) or code for system, code in codes}
    return {**body, "enumDescriptions": [known[code] for code in body["enum"]]} if "enum" in body else body


def _labelled(body: Any, language: str) -> Any:
    """The same schema with labels wherever a system and its codes are named."""
    if isinstance(body, list):
        return [_labelled(one, language) for one in body]
    if not isinstance(body, Mapping):
        return body
    found = {key: _labelled(value, language) for key, value in body.items()}
    system, code = body.get("system"), body.get("code")
    if isinstance(system, Mapping) and isinstance(code, Mapping) and "const" in system:
        found["code"] = _with_label(system["const"], code, language)
    return found


def _with_label(system: str, code: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    listed = [load().display(system, one, language) for one in code.get("enum", [code.get("const")])]
    if not all(listed):
        return code
    return {**code, **({"enumDescriptions": listed} if "enum" in code else {"title": listed[0]})}


# --- data classes and examples ---------------------------------------------------------------------------------------


def _data_class(code: str, language: str) -> dict[str, Any]:
    one = data_classes()[code]
    return {
        "title": load().display("data-class", code, language),
        "confidentiality": one.confidentiality,
        "sensitivity": list(one.sensitivity),
        "shareable": one.shareable,
    }


def _class_of(node: Complex, id_: str) -> Schema:
    """An element of a profile has a class; one of a data type has that of the element whose type it is."""
    if node.profile is None:
        return {}
    code = node.profile.element(id_).data_class
    return {"x-data-class": code, "x-confidentiality": data_classes()[code].confidentiality}


def _whole_example(name: str) -> Any:
    """The first of a profile's valid examples."""
    folder = files("profiles").joinpath("examples", "valid")
    stems = (path.name.removesuffix(".json") for path in folder.iterdir())
    found = min(stem for stem in stems if stem.split("--")[0] == name)
    return json.loads(resolved(folder.joinpath(f"{found}.json").read_text("utf-8")))


def _example(p: Property, element: Element, codes: tuple[tuple[str, str], ...]) -> Schema:
    """How a code or a link to a record is written, since neither is plain to see from its schema."""
    if p.slices or isinstance(p.value, Primitive):
        return {}
    value: Any = None
    if p.pattern is not None:
        value = p.pattern
    elif codes:
        coding = dict(zip(("system", "code"), codes[0], strict=True))
        value = {"coding": [coding]} if p.is_concept else coding
    elif p.is_reference and p.targets:
        value = {"reference": f"{p.targets[0]}/123"}
    lacking = value is None or any(q.min and name not in value for name, q in p.value.properties.items())
    return {} if lacking else {"examples": [[value] if p.is_list else value]}
