"""Ids of parametrized tests."""


def plain_id(value: object) -> str:
    """Return an id without backslashes: pytest escapes them once more at each collection in one process."""
    return str(value).replace("\\", "/")[:60]
