"""The settings as a process loads them whose secrets are mounted in a folder of the test's own."""

from pathlib import Path

from doorward.settings import config
from doorward.settings.config import Settings


def load_settings(*, beside_inv_dev: bool = False) -> Settings:
    """Load them from all sources; the folder is ``secrets`` in the present one."""
    return config.load_settings(beside_inv_dev=beside_inv_dev, secrets_folder=Path.cwd() / "secrets")
