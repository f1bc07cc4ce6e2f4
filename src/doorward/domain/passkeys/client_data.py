"""What a browser adds to a ceremony: which challenge it answers, for which kind of call, of which page. Pure."""

import base64
import binascii
import json
from typing import Final

from doorward.core.frozen import frozen

LONGEST_CLIENT_DATA: Final = 8192
"""Bytes. Browsers send some 200, with extensions and a ``topOrigin`` somewhat more."""


class ClientDataError(Exception):
    """No client data of WebAuthn, or of a page within a page of another origin."""


@frozen
class ClientData:
    """The part that is read before a signature is verified. None of it is verified yet."""

    challenge: bytes


def read_client_data(content: bytes) -> ClientData:
    """Return what the client data says (Web Authentication Level 3 section 5.8.1). Raises ``ClientDataError``.

    A page that another origin frames is refused: its user may not see which site asks.
    """
    if len(content) > LONGEST_CLIENT_DATA:
        raise ClientDataError
    try:
        found = json.loads(content.decode())
        challenge = found["challenge"]
        raw = base64.b64decode(challenge + "=" * (-len(challenge) % 4), altchars=b"-_", validate=True)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        raise ClientDataError from error
    if found.get("crossOrigin", False) is not False or "topOrigin" in found:
        raise ClientDataError
    return ClientData(raw)
