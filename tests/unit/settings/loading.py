"""Load settings like a process whose secrets are mounted in a folder of the test."""

from pathlib import Path

from doorward.settings import config
from doorward.settings.config import Settings


def load_settings(*, beside_inv_dev: bool = False) -> Settings:
    """Load settings from all sources; the secrets folder is ``secrets`` in the current folder."""
    return config.load_settings(beside_inv_dev=beside_inv_dev, secrets_folder=Path.cwd() / "secrets")
