"""Properties of each parser of foreign text, for random bytes and for valid inputs with a few bytes changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from development.proof.parsers import PARSERS, SEEDS

EXAMPLES = 50


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """Draw a valid input in which up to three pieces are replaced."""
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(seed)))
        seed = seed[:begin] + draw(st.binary(max_size=8)) + seed[begin + draw(st.integers(0, 8)) :]
    return seed


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_has_its_properties_for_any_bytes(name: str) -> None:
    inputs = st.binary() | st.text().map(str.encode) | st.sampled_from(SEEDS[name]).flatmap(damaged)

    @settings(max_examples=EXAMPLES)
    @given(data=inputs)
    def holds(data: bytes) -> None:
        PARSERS[name](data)

    for seed in SEEDS[name]:
        PARSERS[name](seed)
    holds()
