"""The pytest fixture of doorward-client, found by the entry point ``pytest11``.

A separate module: pytest imports it in every run, and the package only if a test uses the fixture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from doorward_client.testing import Issuer


@pytest.fixture
def doorward_issuer() -> "Iterator[Issuer]":
    """Provide an issuer. ``doorward_issuer.connect(auth)`` lasts until the test ends."""
    from doorward_client.testing import Issuer  # noqa: PLC0415 - a slow import that only some tests need

    issuer = Issuer()
    yield issuer
    issuer.disconnect()
