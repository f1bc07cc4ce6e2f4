"""Fetches the metadata documents of clients, and caches them.

Any request can name an address. So only hosts that the operator allows are queried, few at a time, and each address
once at a time; responses are bounded in size and time (``outbound.py``). A document that cannot be used is not
cached (draft-ietf-oauth-client-id-metadata-document section 4.4).
"""

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.domain.oauth.client_metadata import AllowedRegistration, content_of_document
from doorward.domain.oauth.document_address import authority_of
from doorward.domain.oauth.events import ClientDocumentRead, ClientDocumentRefused
from doorward.domain.oauth.exceptions import InvalidRedirectUriError
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.registration_exceptions import InvalidClientMetadataError
from doorward.infrastructure.outbound import Document, DocumentUnavailableError, Fetcher
from doorward.observability.logging import report

ANY_HOST: Final = "*"
MAXIMUM_BYTES: Final = 16 * 1024
CACHE_SIZE: Final = 256
MAXIMUM_CONCURRENT_FETCHES: Final = 8
SHORTEST_LIFE: Final = timedelta(minutes=5)
LONGEST_LIFE: Final = timedelta(hours=24)
"""Limits of the time that a document is cached, whatever its ``Cache-Control`` says."""

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=(\d{1,10})(?=$|[\s,])", re.IGNORECASE)
_JSON: Final = re.compile(r"application/(?:[a-z0-9.-]+\+)?json(?:\s*;.*)?", re.IGNORECASE)


@frozen
class _Remembered:
    content: ClientContent
    expires_at: datetime


class FetchedClientDocuments:
    """The metadata documents at the hosts that the operator allows.

    A host that the operator names may have a private address. A host that only ``*`` allows may not.
    """

    def __init__(self, hosts: Collection[str], allowed: AllowedRegistration, *, fetcher: Fetcher, clock: Clock) -> None:
        self._hosts = frozenset(hosts)
        self._allowed = allowed
        self._fetcher = fetcher
        self._clock = clock
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[ClientContent | None]] = {}

    def allows(self, address: str) -> bool:
        """Return whether the operator allows clients with this address."""
        return not self._hosts.isdisjoint({ANY_HOST, authority_of(address)})

    async def content_of(self, address: str) -> ClientContent | None:
        """Return the client that the document describes; None if it cannot be fetched or is invalid."""
        remembered = self._remembered.get(address)
        if remembered is not None and self._clock.now() < remembered.expires_at:
            self._remembered.move_to_end(address)
            return remembered.content
        task = self._under_way.get(address)
        if task is None:
            if len(self._under_way) >= MAXIMUM_CONCURRENT_FETCHES:
                report(ClientDocumentRefused(host=authority_of(address), reason="busy"))
                return None
            task = asyncio.create_task(self._fetched(address))
            self._under_way[address] = task
            task.add_done_callback(lambda _: self._under_way.pop(address, None))
        # Shielded, because other calls may wait for the same task: the cancellation of one call must not end it.
        return await asyncio.shield(task)

    async def _fetched(self, address: str) -> ClientContent | None:
        host = authority_of(address)
        try:
            document = await self._fetcher.fetch(address, allow_private_addresses=host in self._hosts)
            content = content_of_document(address, read_members(document), self._allowed)
        except DocumentUnavailableError as error:
            report(ClientDocumentRefused(host=host, reason=error.reason))
            return None
        except (InvalidClientMetadataError, InvalidRedirectUriError):
            report(ClientDocumentRefused(host=host, reason="invalid"))
            return None
        report(ClientDocumentRead(host=host))
        self._remember(address, _Remembered(content, self._clock.now() + _life_of(document)))
        return content

    def _remember(self, address: str, remembered: _Remembered) -> None:
        self._remembered[address] = remembered
        self._remembered.move_to_end(address)
        if len(self._remembered) > CACHE_SIZE:
            self._remembered.popitem(last=False)


def read_members(document: Document) -> dict[str, object]:
    """Return the members of a document. Raises ``InvalidClientMetadataError`` if it is no JSON object."""
    is_json = _JSON.fullmatch(document.headers.get("content-type", "")) is not None
    if not is_json or len(document.body) > MAXIMUM_BYTES:
        raise InvalidClientMetadataError
    try:
        members = json.loads(document.body)
    except (ValueError, RecursionError) as error:
        raise InvalidClientMetadataError from error
    if not isinstance(members, dict):
        raise InvalidClientMetadataError
    return members


def _life_of(document: Document) -> timedelta:
    found = _MAX_AGE.search(document.headers.get("cache-control", ""))
    asked = timedelta(seconds=int(found[1])) if found else SHORTEST_LIFE
    return min(max(asked, SHORTEST_LIFE), LONGEST_LIFE)
