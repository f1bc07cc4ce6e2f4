"""The prefixes by which the log and the checks of settings recognise a secret that this service made."""

from typing import Final

TOKEN_PREFIX: Final = "dw[abd-z]_"  # noqa: S105 - a pattern of public prefixes
"""A regular expression of the prefix of every token, code and client secret. A client's id, ``dwc_``, is public."""

WEBHOOK_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a public prefix
