"""Decimals in every form in which R4 lets them be written."""

from hypothesis import strategies as st

from hub.fhir.decimals import Unwritable, decimal

_WHOLE = st.sampled_from(["0", "1", "9", "10", "37", "100", "2026", "9007199254740993", "18446744073709551616"])
_FRACTION = st.sampled_from(["", ".0", ".00", ".5", ".50", ".500", ".1", ".10"]) | st.from_regex(
    r"\.[0-9]{1,40}", fullmatch=True
)
_EXPONENT = st.sampled_from(["", "", "e0", "E2", "e+2", "e-7", "E-07", "e22"]) | st.from_regex(
    r"[eE][+-]?[0-9]{1,3}", fullmatch=True
)


def _is_kept(text: str) -> bool:
    try:
        decimal(text)
    except Unwritable:
        return False
    return True


DECIMALS = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["", "-"]),
    _WHOLE | st.from_regex(r"[1-9][0-9]{0,40}", fullmatch=True),
    _FRACTION,
    _EXPONENT,
).filter(_is_kept)
