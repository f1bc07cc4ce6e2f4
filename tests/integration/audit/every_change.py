"""One change of each kind that the audit log records."""

import contextlib
import dataclasses
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

from development.authenticator import Authenticator
from development.callers import caller_of
from development.client import ACCOUNT, AUTH, PASSWORD, Person, pair
from doorward.api.schemas.ceremonies import (
    AuthenticationJson,
    CreationOptionsResponse,
    RegistrationJson,
    RequestOptionsResponse,
)
from doorward.api.services import Services
from doorward.core.versions import any_version
from doorward.domain.accounts.deletion import GRACE
from doorward.domain.accounts.erasure import Erasure
from doorward.domain.accounts.invitations import Acceptance
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.recovery import ResetMail
from doorward.domain.accounts.verification import VerificationMail
from doorward.domain.administration.exporting.models import UserExportRequest
from doorward.domain.administration.importing.models import UserImportRequest
from doorward.domain.administration.importing.user_import import Watcher
from doorward.domain.administration.models import OPERATOR, UserChanges
from doorward.domain.audit.retention import AuditRetention
from doorward.domain.auth.sessions.continuation import tokens_of
from doorward.domain.federation.external_users import ExternalUsers
from doorward.domain.federation.identities import identity_id
from doorward.domain.federation.login_models import LinkingSession, VerifiedIdentity
from doorward.domain.federation.models import ForeignToken
from doorward.domain.keys.models import KeyState
from doorward.domain.oauth.registration_models import InitialTokenContent
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.passkeys.exceptions import InvalidPasskeyError
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.wiring.accounts import create_one_time_tokens
from doorward.wiring.administration import create_administration
from doorward.wiring.auth import create_tokens
from doorward.wiring.database import create_batching
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import create_key_changes
from doorward.wiring.passkeys import create_passkeys
from doorward.wiring.registration import registration_rules
from doorward.wiring.second_factors import create_second_factors
from tests.integration.accounts.conftest import mails_of
from tests.integration.accounts.email_change import NEW, changing
from tests.integration.accounts.joining import joining_of
from tests.integration.accounts.own_account import signed_in
from tests.integration.audit.applications import use_an_application
from tests.integration.audit.trail import PlainDatabase
from tests.integration.mfa.protected import OWN_TOTP, Protected
from tests.integration.oauth.clients import ORDERS, Oauth
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.quick_ring import QuickKeyMaker
from tests.integration.service import Service, mark
from tests.integration.webhook_receiver import Receiver, answer_of, receiving
from tests.integration.webhooks.endpoints import Hooks

Run = Callable[..., Awaitable[int]]


async def every_change(service: Service, run: Run) -> Person:
    """Make one change of each kind, on one person."""
    person, first = await service.register_and_log_in()
    await service.refresh(first.refresh)
    await service.post_refresh(first.refresh)
    await service.post_revoke((await service.log_in(person)).refresh)
    await change_account(service, person)
    await change_factors(service)
    await leave(service)
    await accept_an_invitation(service)
    await change_email(service)
    await change_passkeys(service)
    await administer(service)
    await change_webhooks(service)
    await change_clients(service)
    await use_an_application(service)
    await change_keys(service)
    await call_with_a_foreign_token(service)
    await link_an_identity(service)
    for command in ("deactivate", "activate", "unthrottle"):
        assert await run(command, person.email) == 0
    assert await run("end-all-sessions", "--yes") == 0
    service.clock.advance(timedelta(days=5000))
    database = PlainDatabase(service.database_url)
    await AuditRetention(database=database, clock=service.clock, retention=timedelta(days=1)).prune()
    return person


async def change_account(service: Service, person: Person) -> None:
    """Make every change of the owner's account, with the tokens of mails."""
    pair_of_proof = pair(await service.post_reauthenticate((await service.log_in(person)).access, PASSWORD))
    renamed = await service.authorized("PATCH", ACCOUNT, pair_of_proof.access, json={"username": mark()})
    assert renamed.status_code == 200
    changed = pair(await service.post_password(pair_of_proof.access, PASSWORD, f"{PASSWORD} twice"))
    services, tokens = service.app.state.services, create_one_time_tokens(service.settings.keys)
    parts = (service.database, service.clock, tokens, AccountLinks("https://auth.example.com"))
    user_id = UUID(person.id)
    verification = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.OWNER, user_id=user_id)
    mail = await VerificationMail(*parts).compose(verification, uuid4())
    caller = await caller_of(services.authentication, changed.access)
    await services.verification.verify_by_session(caller, token=token_of(mail))
    reset = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=person.email)
    await services.recovery.reset_by_token(token_of(await ResetMail(*parts).compose(reset, uuid4())), PASSWORD)
    assert (await service.post_token(person.email, PASSWORD)).status_code == 200


async def change_factors(service: Service) -> None:
    """Set up, replace and remove a factor, use a recovery code, and remove another factor as an operator."""
    first = await Protected.enrolled(await signed_in(service))
    protected = await Protected.enrolled(first, replace=True)
    protected.pair = pair(await protected.post_proof(first.codes[0]))
    assert (await protected.call("DELETE", OWN_TOTP)).status_code == 200
    other = await Protected.enrolled(await signed_in(service))
    administration = service.app.state.services.administration
    await administration.user_actions.reset_factors(OPERATOR, UUID(other.person.id))


async def leave(service: Service) -> None:
    """Export the data, delete the account, restore it, and delete it for good."""
    person, tokens = await service.register_and_log_in()
    assert (await service.authorized("POST", f"{ACCOUNT}/export", tokens.access)).status_code == 200
    assert (await service.authorized("POST", f"{ACCOUNT}/deletion", tokens.access)).status_code == 202
    token = (await service.post_login(person)).json()["restore_token"]
    assert (await service.call("POST", f"{AUTH}/deletion/cancel", json={"restore_token": token})).status_code == 204
    tokens = await service.log_in(person)
    assert (await service.authorized("POST", f"{ACCOUNT}/deletion", tokens.access)).status_code == 202
    service.clock.advance(GRACE)
    assert await Erasure(database=service.database, clock=service.clock).erase() == 1


async def accept_an_invitation(service: Service) -> None:
    """Invite an address as an operator, and accept as its owner."""
    joining, email = joining_of(service, service.clock), f"{mark()}@example.com"
    await joining.invite(email)
    token = token_of(await joining.mail(email))
    await joining.invitations.accept_by_token(token, Acceptance(mark(), PASSWORD))


async def change_email(service: Service) -> None:
    """Cancel a change of the e-mail address, and make another."""
    change = await changing(mails_of(service), verified=False)
    await change.request()
    await change.changes.cancel(await change.caller())
    await change.request()
    await change.confirm(await change.token(NEW))


async def change_passkeys(service: Service) -> None:
    """Add a passkey, rename it, use a cloned one, and remove it."""
    browsers = service.settings.browsers.model_copy(update={"public_url": ORIGIN})
    settings = dataclasses.replace(service.settings, browsers=browsers)
    base = Foundation(settings, service.database, service.hasher, service.clock, MailQueue(None))
    issuer = create_tokens(base, None)[1]
    passkeys = create_passkeys(base, issuer, create_second_factors(base, issuer).recovery_codes)
    assert passkeys is not None
    person = await service.register()
    service.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    authentication = service.app.state.services.authentication
    caller = await caller_of(authentication, (await service.log_in(person)).access)
    authenticator = Authenticator(ORIGIN)
    options = CreationOptionsResponse.of(await passkeys.registration.options(caller)).model_dump()
    made = RegistrationJson.model_validate(authenticator.create(options))
    added = await passkeys.registration.register(caller, made.decoded(), "")
    caller = await caller_of(authentication, tokens_of(added.login).tokens.access_token)
    await passkeys.management.update(caller, added.passkey.id, "Another name")
    authenticator.credentials[0].sign_count = 7
    for sign_count in (7, 6):
        authenticator.credentials[0].sign_count = sign_count
        signed = authenticator.get(RequestOptionsResponse.of(passkeys.login.options()).model_dump())
        with contextlib.suppress(InvalidPasskeyError):
            await passkeys.login.login(AuthenticationJson.model_validate(signed).decoded())
    await passkeys.management.delete(caller, added.passkey.id)


async def administer(service: Service) -> None:
    """Define a role, change a user, force a reset, cancel an invitation, import and export, as an operator."""
    queue = MailQueue(AesGcmSealer([bytes(range(32))]))
    base = Foundation(service.settings, service.database, service.hasher, service.clock, queue)
    administration = create_administration(base, registration_rules(service.settings))
    role = await administration.roles.create(OPERATOR, "shop-manager", "", [])
    user_id = UUID((await service.register()).id)
    changes = UserChanges(roles=[role.name], locale="de")
    await administration.users.update(OPERATOR, user_id, changes, lambda _: True)
    await administration.user_actions.reset_password(OPERATOR, user_id)
    created = await administration.invitations.create(OPERATOR, f"{mark()}@example.com")
    await administration.invitations.revoke(OPERATOR, created.invitation.id)
    file = io.BytesIO(b'{"email": "' + mark().encode() + b'@example.com"}')
    with service.database.bulk_slot():
        await administration.user_import.run(file, UserImportRequest(OPERATOR, "ndjson"), Watcher(lambda _: None))
    await administration.user_export.write(io.BytesIO(), UserExportRequest(OPERATOR))


async def change_webhooks(service: Service) -> None:
    """Add a webhook as an operator, and let its receiver respond that it is gone."""
    hooks = Hooks(service.database_url, service.clock)
    async with receiving(Receiver(answer_of(410))) as port:
        await hooks.endpoint(port)
        await hooks.record_events(uuid4())
        await hooks.delivery().deliver_due()


async def change_clients(service: Service) -> None:
    """Add a resource and a client, change the client in every way, and remove both, as an operator."""
    oauth = Oauth(service, service.app.state.services.oauth)
    await oauth.resource(ORDERS)
    client, _ = await oauth.client()
    await oauth.clients.update(None, client.client_id, {"name": "Hourly"}, any_version)
    await oauth.clients.rotate_secret(None, client.client_id, any_version)
    await oauth.clients.disable(None, client.client_id, any_version)
    await oauth.clients.enable(None, client.client_id, any_version)
    await oauth.clients.delete(None, client.client_id, any_version)
    await oauth.resources.delete_by_identifier(None, ORDERS)
    await oauth.registration_tokens.create(InitialTokenContent("Tools", ("openid",)))
    (token,) = await oauth.registration_tokens.list()
    await oauth.registration_tokens.delete(token.id)


async def change_keys(service: Service) -> None:
    """Create the first signing keys, rotate them, and revoke a signing one, as an operator."""
    changes = create_key_changes(service.settings, service.database, service.clock, maker=QuickKeyMaker())
    await changes.begin()
    await changes.rotate(at_once=True)
    signing = [key for key, state in await changes.list() if state is KeyState.SIGNING]
    await changes.revoke(signing[0].kid)


async def call_with_a_foreign_token(service: Service) -> None:
    """Make the first call as a subject of a trusted issuer."""
    database = service.database
    users = ExternalUsers(
        database=database, batching=create_batching(database), clock=service.clock, address_detail="full"
    )
    scopes = frozenset({"items:read"})
    await users.user_of(ForeignToken("https://login.example.com", mark(), scopes, makes_user=True))


async def link_an_identity(service: Service) -> None:
    """Link an identity at another provider, and unlink it."""
    person, first = await service.register_and_log_in()
    services: Services = service.app.state.services
    caller = await caller_of(services.authentication, first.access)
    identities, identity = services.own_account.identities, VerifiedIdentity("https://login.example.com", mark(), None)
    await identities.link(caller, "acme", identity, LinkingSession(caller.user_id, caller.session_id))
    (linked,) = await identities.list(UUID(person.id))
    path = f"{ACCOUNT}/identities/{identity_id(linked)}"
    assert (await service.authorized("DELETE", path, first.access)).status_code == 204


def token_of(mail: ComposedMail | None) -> str:
    assert mail is not None
    return mail.facts["link"].partition("#token=")[2]
