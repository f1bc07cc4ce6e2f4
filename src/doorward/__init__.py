"""doorward: accounts, passwords, access tokens and sessions with theft detection for Python teams."""

from importlib.metadata import version

__version__ = version("doorward")
