"""Changes to clients by operators and administrators. Pure."""

from dataclasses import replace
from typing import Any

from doorward.domain.oauth.client_secret import has_registered_itself
from doorward.domain.oauth.document_address import is_document_address
from doorward.domain.oauth.models import ClientChanges, ClientContent, OAuthClient
from doorward.domain.oauth.policy import (
    checked_content,
    checked_content_of_built_in,
    is_built_in,
    require_same_kind,
)
from doorward.domain.oauth.registration_exceptions import SelfRegisteredClientError


def changed_content(stored: OAuthClient, changes: ClientChanges) -> ClientContent:
    """Return the normalized content of a client with these changes.

    A client with a document is not changed: the document would replace the change without notice. Raises
    ``SelfRegisteredClientError``, ``BuiltInClientError``, ``InvalidAuthMethodError``, and what ``checked_content``
    raises.
    """
    values: dict[str, Any] = dict(changes)
    before = stored.content()
    content = replace(before, **values)
    if is_built_in(stored.client_id):
        return checked_content_of_built_in(content, before)
    if is_document_address(stored.client_id):
        raise SelfRegisteredClientError
    if content.is_first_party and has_registered_itself(stored.client_id):
        raise SelfRegisteredClientError
    require_same_kind(before.auth_method, content.auth_method)
    return checked_content(content)
