"""Extensions by their definitions, and narrative by R4's whitelist."""

from typing import Any

import pytest

from hub.conformance.examination import narrative
from tests.support.made_up import BASE, R4, element, extension, found, profile

PATIENT: dict[str, Any] = {"resourceType": "Patient"}
COLOUR = extension("colour", element("Extension.value[x]", min=1, type=[{"code": "code"}]), at="Patient")
PARTS = extension(
    "parts",
    element("Extension.extension:size", min=1, max="1"),
    element("Extension.extension:size.url", fixedUri="size"),
    element("Extension.extension:size.value[x]", min=1, type=[{"code": "integer"}]),
    element("Extension.value[x]", max="0"),
)


def examined(resource: Any) -> list[tuple[str, str, str]]:
    return found(resource, COLOUR, PARTS, asked=())


def test_an_extension_is_held_to_its_definition() -> None:
    assert examined(PATIENT | {"extension": [{"url": BASE + "colour", "valueCode": "red"}]}) == []
    assert examined(PATIENT | {"extension": [{"url": BASE + "colour", "valueString": "red"}]}) == [
        ("error", "type-not-allowed", "Patient.extension[0].valueString"),
        ("error", "required", "Patient.extension[0].value"),
    ]
    assert examined(PATIENT | {"extension": [{"url": BASE + "colour"}]}) == [
        ("error", "required", "Patient.extension[0].value"),
        ("error", "invariant ext-1", "Patient.extension[0]"),
    ]


def test_the_parts_of_an_extension_are_held_to_it_too() -> None:
    right = {"url": BASE + "parts", "extension": [{"url": "size", "valueInteger": 1}]}
    assert examined(PATIENT | {"extension": [right]}) == []
    assert examined(PATIENT | {"extension": [{**right, "extension": [{"url": "size", "valueInteger": "1"}]}]}) == [
        ("error", "integer", "Patient.extension[0].extension[0].valueInteger")
    ]
    assert examined(PATIENT | {"extension": [{**right, "extension": [{"url": "weight", "valueInteger": 1}]}]}) == [
        ("error", "slice-required", "Patient.extension[0].extension")
    ]


def test_an_extension_belongs_where_its_definition_places_it() -> None:
    name = [{"family": "x", "extension": [{"url": BASE + "colour", "valueCode": "red"}]}]
    assert examined(PATIENT | {"name": name}) == [("error", "extension-context", "Patient.name[0].extension[0]")]
    birth = {"_birthDate": {"extension": [{"url": R4 + "patient-birthTime", "valueDateTime": "2026-03-12T10:00:00Z"}]}}
    assert examined(PATIENT | birth) == []
    language = [{"url": R4 + "iso21090-EN-use", "valueCode": "I"}]
    assert examined(PATIENT | {"name": [{"text": "x", "extension": language}]}) == []
    assert examined(PATIENT | {"photo": [{"title": "x", "extension": language}]}) == [
        ("error", "extension-context", "Patient.photo[0].extension[0]")
    ]


def test_an_unknown_extension_is_told_and_an_unknown_modifier_refused() -> None:
    unknown = [{"url": "https://other.example/x", "valueCode": "x"}]
    assert examined(PATIENT | {"extension": unknown}) == [("information", "extension-unknown", "Patient.extension[0]")]
    assert examined(PATIENT | {"modifierExtension": unknown}) == [
        ("error", "modifier-unknown", "Patient.modifierExtension[0]")
    ]


def test_an_extension_without_url_is_none() -> None:
    assert ("error", "required", "Patient.extension[0].url") in examined(PATIENT | {"extension": [{"valueCode": "x"}]})


def test_what_modifies_is_a_modifier_extension_and_nothing_else_is() -> None:
    modifier = extension("not", element("Extension", isModifier=True, isModifierReason="denies"), at="Patient")
    used = [{"url": BASE + "not", "valueBoolean": True}]
    assert found(PATIENT | {"modifierExtension": used}, modifier, asked=()) == []
    assert found(PATIENT | {"extension": used}, modifier, asked=()) == [
        ("error", "extension-is-modifier", "Patient.extension[0]")
    ]
    colour = [{"url": BASE + "colour", "valueCode": "red"}]
    assert examined(PATIENT | {"modifierExtension": colour}) == [
        ("error", "extension-is-no-modifier", "Patient.modifierExtension[0]")
    ]


def test_a_profile_may_close_what_extensions_there_are() -> None:
    made_up = profile(
        "Patient",
        element("Patient.extension", slicing={"discriminator": [{"type": "value", "path": "url"}], "rules": "closed"}),
        element("Patient.extension:colour", max="1", type=[{"code": "Extension", "profile": [BASE + "colour"]}]),
    )
    colour = {"url": BASE + "colour", "valueCode": "red"}
    assert found(PATIENT | {"extension": [colour]}, made_up, COLOUR) == []
    unknown = {"url": "https://other.example/x", "valueCode": "x"}
    assert ("error", "no-slice", "Patient.extension[1]") in found(
        PATIENT | {"extension": [colour, unknown]}, made_up, COLOUR
    )
    assert found(PATIENT | {"extension": [colour, colour]}, made_up, COLOUR) == [
        ("error", "slice-too-many", "Patient.extension")
    ]


# --- narrative -----------------------------------------------------------------------------------------------------------


def div(inner: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'


ALLOWED = [
    "x",
    "<p class='a' style='color: red'>x <b>y</b><br/></p>",
    "<table><tr><td colspan='2'>x</td></tr></table>",
    "<a href='https://a.example'>x</a> <a href='#b' name='c'>y</a> <a href='mailto:x@a.example'>z</a>",
    "<img src='data:image/png;base64,AAAA' alt='x'/>",
    "<img src='#photo'/>",
    "<span style='background: url(data:image/png;base64,AAAA)'>x</span>",
    "a&nbsp;b &#233; &amp; &copy;",
    "<!-- a remark -->x",
    "<span xml:lang='ar' dir='rtl'>نص</span>",
]
REFUSED = [
    "<script>x</script>",
    "<p onclick='x()'>x</p>",
    "<form><input/></form>",
    "<iframe src='https://a.example'/>",
    "<object data='x'/>",
    "<a href='javascript:x()'>x</a>",
    "<a href=' java\nscript:x()'>x</a>",
    "<a href='data:text/html,x'>x</a>",
    "<img src='file:///etc/passwd'/>",
    "<img src='ftp://a.example/x.png'/>",
    "<p style='background: url( \"https://a.example/x.png\")'>x</p>",
    "<p style='width: expression(x)'>x</p>",
    "<style>p {}</style>",
    "<link href='x'/>",
    "<body>x</body>",
    "<p xmlns=''>x</p>",
    "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "<p>x",
    "x &unknown; y",
    "<?php x ?>",
    "<b>" * 300 + "x" + "</b>" * 300,
]


@pytest.mark.parametrize("inner", ALLOWED)
def test_narrative_that_r4_allows(inner: str) -> None:
    assert found(PATIENT | {"text": {"status": "generated", "div": div(inner)}}) == []


@pytest.mark.parametrize("inner", REFUSED, ids=lambda inner: inner[:40])
def test_narrative_that_r4_does_not_allow(inner: str) -> None:
    assert found(PATIENT | {"text": {"status": "generated", "div": div(inner)}}) == [
        ("error", "invariant txt-1", "Patient.text.div")
    ]


@pytest.mark.parametrize(
    "written",
    [
        "<div>x</div>",
        "<p xmlns='http://www.w3.org/1999/xhtml'>x</p>",
        "x",
        div("x") + div("y"),
        '<!DOCTYPE div [<!ENTITY a "x">]>' + div("&a;"),
    ],
)
def test_narrative_is_one_div_of_xhtml(written: str) -> None:
    assert not narrative.is_allowed(written)


def test_no_entity_expands() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    assert not narrative.is_allowed(f'<!DOCTYPE div [<!ENTITY l0 "x">{laughs}]>{div("&l11;")}')


@pytest.mark.parametrize("inner", ["", " \n ", "<p> </p>", "<!-- x -->"])
def test_narrative_says_something(inner: str) -> None:
    assert found(PATIENT | {"text": {"status": "generated", "div": div(inner)}}) == [
        ("error", "invariant txt-2", "Patient.text.div")
    ]
