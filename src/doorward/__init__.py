"""doorward: accounts, passwords, access tokens and refresh-token families for Python teams."""

from importlib.metadata import version

__version__ = version("doorward")
