"""The client data of a ceremony: the challenge, the kind of call, and the origin of the page. Pure."""

import base64
import binascii
import json
from typing import Final

from doorward.core.frozen import frozen

LONGEST_CLIENT_DATA: Final = 8192
"""Maximum bytes. Browsers send about 200, and somewhat more with extensions and a ``topOrigin``."""


class ClientDataError(Exception):
    """The text is no WebAuthn client data, or is from a page in a frame of another origin."""


@frozen
class ClientData:
    """The part that is read before the signature is verified. It is not verified yet."""

    challenge: bytes


def read_client_data(content: bytes) -> ClientData:
    """Parse the client data (Web Authentication Level 3 section 5.8.1). Raises ``ClientDataError``.

    A page in a frame of another origin is refused: its user may not see which site asks.
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
