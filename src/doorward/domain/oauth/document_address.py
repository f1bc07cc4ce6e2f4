"""Addresses of documents that describe clients, each the id of its client. Pure.

draft-ietf-oauth-client-id-metadata-document section 3.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from doorward.domain.oauth.redirect_uris import has_dot_segment

MAXIMUM_LENGTH: Final = 255
PREFIX: Final = "https://"
_ADDRESS: Final = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[1-9][0-9]{0,4})?/[A-Za-z0-9._~/%@:+=-]*")
"""With a path, and without credentials, query and fragment. The host is a name in lower case."""


def is_document_address(text: str) -> bool:
    """Tell whether it can be such an address.

    draft-ietf-oauth-client-id-metadata-document section 3. A query, which that only advises against, is refused.
    """
    if len(text) > MAXIMUM_LENGTH or not _ADDRESS.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return ".." not in parts.netloc and port != 0 and not has_dot_segment(parts.path)


def authority_of(address: str) -> str:
    """Return the host of a document's address, with the port if it names one."""
    return urlsplit(address).netloc
