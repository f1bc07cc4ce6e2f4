"""URLs of documents that describe clients. Each is the id of its client. Pure.

draft-ietf-oauth-client-id-metadata-document section 3.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from doorward.domain.oauth.redirect_uris import has_dot_segment

MAXIMUM_LENGTH: Final = 255
PREFIX: Final = "https://"
_ADDRESS: Final = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[1-9][0-9]{0,4})?/[A-Za-z0-9._~/%@:+=-]*")
"""A path, no credentials, no query and no fragment. The host is a lower-case name."""


def is_document_address(text: str) -> bool:
    """Return whether a text can be the URL of such a document.

    A query is refused, although draft-ietf-oauth-client-id-metadata-document section 3 only advises against it.
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
