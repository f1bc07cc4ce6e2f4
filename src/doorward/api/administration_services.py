"""The use cases that routes need for administration, keys and events to other systems, built by ``wiring``."""

from collections.abc import Callable

from doorward.core.frozen import frozen
from doorward.domain.administration.audit_trail import AuditTrail
from doorward.domain.administration.exporting.user_export import UserExport
from doorward.domain.administration.first_administrator import FirstAdministrator
from doorward.domain.administration.importing.user_import import UserImport
from doorward.domain.administration.invitations import AdministeredInvitations
from doorward.domain.administration.keys import AdministeredKeys
from doorward.domain.administration.roles import Roles
from doorward.domain.administration.search import UserSearch
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.administration.users import Users
from doorward.domain.auth.sessions.listing import SessionListing
from doorward.domain.keys.ports import PublishedKeySet
from doorward.domain.webhooks.calling import WebhookReplay, WebhookTest
from doorward.domain.webhooks.dead_letters import DeadLetters
from doorward.domain.webhooks.management import Webhooks


@frozen
class AdministrationServices:
    """The use cases of administration."""

    roles: Roles
    users: Users
    user_actions: UserActions
    search: UserSearch
    invitations: AdministeredInvitations
    audit_trail: AuditTrail
    session_listing: SessionListing
    first_administrator: FirstAdministrator
    """Used by commands only."""
    user_import: UserImport
    user_export: UserExport


@frozen
class KeyServices:
    """The keys that sign tokens for other services, if the provider is on."""

    key_set: Callable[[], PublishedKeySet]
    administration: AdministeredKeys


@frozen
class WebhookServices:
    """The use cases of webhooks."""

    management: Webhooks
    test: WebhookTest
    replay: WebhookReplay


@frozen
class OutgoingServices:
    """The use cases of events to other systems. ``webhooks`` is None if they are not enabled."""

    webhooks: WebhookServices | None
    dead_letters: DeadLetters
