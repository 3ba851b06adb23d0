"""Nothing in the contract points nowhere: each canonical is one of the package, or one that R4 or a named guide defines."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from hub.conformance import package
from hub.fhir import Resource
from hub.fhir.canonicals import BASE

R4: Final = frozenset(
    gzip.decompress((Path(__file__).parent / "r4-canonicals.txt.gz").read_bytes()).decode().split("\n")
)
ELSEWHERE: Final = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.",  # R5 in R4: hl7.org/fhir/R4/versions.html
    "http://hl7.org/fhir/uv/subscriptions-backport/",
    "https://profiles.ihe.net/ITI/",
)
CODED_ELSEWHERE: Final = frozenset(
    {
        "urn:ietf:bcp:47",
        "urn:ietf:rfc:3986",
        "urn:iso:std:iso:3166",
        "http://hl7.org/fhir/fhir-types",
        "http://loinc.org",
    }
)
POINTING: Final = frozenset(
    {"baseDefinition", "profile", "targetProfile", "valueSet", "supplements", "definition", "supportedProfile", "measure",
     "valueCanonical", "implementationGuide", "filterDefinition", "instantiates", "exampleCanonical"}
)  # fmt: skip
"""Elements whose value is a canonical, or a list of them, and always a whole URL."""

PARTNERS = re.compile(r"https://(atlas|partner)\.example/")

LOADED = package.load()
DEFINITIONS = LOADED.definitions
OURS = Counter(
    url
    for one in DEFINITIONS.values()
    for url in (
        [unique["value"] for unique in one["uniqueId"]]
        if one["resourceType"] == "NamingSystem"
        else [one["extension"][0]["valueUri"] if one["resourceType"] == "Basic" else one["url"]]
    )
) + Counter({f"{BASE}/ImplementationGuide/ihala.fhir": 1})


def strings(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a resource with the name of the element that holds it."""
    if isinstance(node, str):
        yield key, node
    for name, child in node.items() if isinstance(node, dict) else ():
        yield from strings(child, name)
    for child in node if isinstance(node, list) else ():
        yield from strings(child, key)


def is_known(url: str) -> bool:
    """Of this contract, of R4, or made up in an example by a partner who has definitions of its own."""
    bare = url.partition("|")[0].partition("#")[0]
    if PARTNERS.match(bare) and not bare.startswith(BASE):
        return True
    return bare in OURS or bare in R4 or bare in CODED_ELSEWHERE or bare.startswith(ELSEWHERE)


def test_no_two_definitions_have_one_canonical() -> None:
    assert [url for url, times in OURS.items() if times > 1] == []
    assert not [url for url in OURS if not url.startswith(f"{BASE}/")]


EVERYTHING: dict[str, Resource] = {**DEFINITIONS, **LOADED.examples}


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_canonical_leads_to_a_definition(name: str) -> None:
    told = [(key, text) for key, text in strings(EVERYTHING[name]) if "://" in text or text.startswith("urn:")]
    ours = {text for _, text in told if text.startswith(f"{BASE}/")}
    pointing = {text for key, text in told if key in POINTING}
    extensions = {e["url"] for e in extensions_of(EVERYTHING[name])}
    assert [url for url in sorted(ours | pointing | extensions) if not is_known(url)] == []


def extensions_of(node: Any) -> Iterator[Resource]:
    if isinstance(node, dict):
        for key, child in node.items():
            if (
                key in {"extension", "modifierExtension"}
                and isinstance(child, list)
                and node.get("kind") != "complex-type"
            ):
                yield from (e for e in child if isinstance(e, dict) and ":" in e.get("url", ""))
            yield from extensions_of(child)
    for child in node if isinstance(node, list) else ():
        yield from extensions_of(child)


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_system_of_a_code_exists(name: str) -> None:
    systems = {text for key, text in strings(EVERYTHING[name]) if key == "system" and ":" in text}
    assert [url for url in sorted(systems) if not is_known(url)] == []


def test_a_canonical_in_an_expression_leads_somewhere_too() -> None:
    quoted = {
        part
        for one in DEFINITIONS.values()
        for key, text in strings(one)
        if key == "expression"
        for part in text.split("'")
        if part.startswith("http")
    }
    assert len(quoted) >= 3
    assert [url for url in sorted(quoted) if not is_known(url)] == []


def test_the_list_of_r4_is_whole() -> None:
    kinds = Counter(url.rsplit("/", 2)[1] for url in R4 if url.startswith("http://hl7.org/fhir/"))
    assert kinds["SearchParameter"] == 1400 and kinds["OperationDefinition"] > 40
    assert json.dumps(sorted(R4)[0]) and "http://hl7.org/fhir/StructureDefinition/Patient" in R4
