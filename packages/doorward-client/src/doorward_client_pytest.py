"""The fixture of doorward-client, which pytest finds by the entry point ``pytest11``.

A module of its own beside the package: pytest imports it in every run, and the package only where a test asks for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from doorward_client.testing import Issuer


@pytest.fixture
def doorward_issuer() -> "Iterator[Issuer]":
    """Give the test an issuer. ``doorward_issuer.connect(auth)`` lasts until the test ends."""
    from doorward_client.testing import Issuer  # noqa: PLC0415 - tests without it do not wait for its imports

    issuer = Issuer()
    yield issuer
    issuer.disconnect()
