"""The methods of HTTP that metrics and traces name. All others count as one, so that clients cannot add labels."""

from typing import Final

KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
