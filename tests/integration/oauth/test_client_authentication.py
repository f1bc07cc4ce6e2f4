"""Clients authenticate with their registered method only, and all refusals are the same."""

import asyncio
import base64
import contextlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from doorward.core.versions import any_version
from doorward.domain.oauth.client_secret import new_client_id, new_secret
from doorward.domain.oauth.exceptions import InvalidClientError, SeveralAuthenticationsError
from doorward.domain.oauth.models import ClientContent, PresentedCredentials
from tests.integration.oauth.clients import OPERATOR, Oauth, basic, posted
from tests.integration.service import Logs

WEEK: Final = timedelta(days=7)


async def refusal_of(oauth: Oauth, presented: PresentedCredentials) -> tuple[str, int]:
    """Return the message that a refused client gets, and the number of statements."""
    before = oauth.service.connections_asked_for()
    with pytest.raises(InvalidClientError) as refused:
        await oauth.authentication.authenticate(presented)
    return str(refused.value), oauth.service.connections_asked_for() - before


async def test_a_client_authenticates_with_its_secret_by_the_registered_method(oauth: Oauth) -> None:
    in_header, secret = await oauth.client()
    assert await oauth.authentication.authenticate(basic(in_header.client_id, secret)) == in_header
    in_form, secret = await oauth.client(auth_method="client_secret_post")
    assert await oauth.authentication.authenticate(posted(in_form.client_id, secret)) == in_form


@pytest.mark.parametrize("spelling", ["Basic  {}", "Basic    {}", "basic {} ", "Basic {}\t", " Basic {}"])
async def test_white_space_around_scheme_and_credentials_is_ignored(oauth: Oauth, spelling: str) -> None:
    client, secret = await oauth.client()
    credentials = str(basic(client.client_id, secret).authorization).removeprefix("Basic ")
    presented = PresentedCredentials(authorization=spelling.format(credentials))
    assert await oauth.authentication.authenticate(presented) == client


async def test_a_public_client_authenticates_with_its_id(oauth: Oauth) -> None:
    public = ClientContent(name="Phone", auth_method="none", grant_types=("refresh_token",))
    made = await oauth.clients.create(OPERATOR, public)
    assert made.secret is None
    assert await oauth.authentication.authenticate(posted(made.client.client_id)) == made.client
    assert (await oauth.authentication.authenticate(posted("doorward"))).client_id == "doorward"


async def test_all_refusals_are_the_same_and_cost_one_statement(oauth: Oauth) -> None:
    client, secret = await oauth.client()
    of_post, post_secret = await oauth.client(auth_method="client_secret_post")
    public = ClientContent(name="Phone", auth_method="none", grant_types=())
    public_id = (await oauth.clients.create(OPERATOR, public)).client.client_id
    disabled, disabled_secret = await oauth.client()
    await oauth.clients.disable(OPERATOR, disabled.client_id, any_version)
    rotated, expired_secret = await oauth.client()
    await oauth.clients.rotate_secret(OPERATOR, rotated.client_id, any_version)
    oauth.clock.advance(WEEK)
    refused = {
        "unknown client": basic(new_client_id(), secret),
        "wrong secret": basic(client.client_id, new_secret()),
        "empty secret": basic(client.client_id, ""),
        "secret of another client": basic(client.client_id, disabled_secret),
        "Basic instead of the form": basic(of_post.client_id, post_secret),
        "form instead of Basic": posted(client.client_id, secret),
        "no secret": posted(client.client_id),
        "a secret of a public client": posted(public_id, new_secret()),
        "Basic of a public client": basic(public_id, ""),
        "the built-in client with a secret": posted("doorward", ""),
        "disabled client, right secret": basic(disabled.client_id, disabled_secret),
        "disabled client, wrong secret": basic(disabled.client_id, secret),
        "expired secret": basic(rotated.client_id, expired_secret),
    }
    answers = {name: await refusal_of(oauth, presented) for name, presented in refused.items()}
    assert set(answers.values()) == {(InvalidClientError.detail, 1)}


@pytest.mark.parametrize(
    "presented",
    [
        PresentedCredentials(),
        PresentedCredentials(client_secret="x" * 43),
        posted(""),
        posted("dwc_\0", "x" * 43),
        posted("\ud800", "x" * 43),
        posted("doorward' --", "x" * 43),
        posted("d" * 65, "x" * 43),
        posted("dwc_made-up", "\ud800"),
        PresentedCredentials(authorization=""),
        PresentedCredentials(authorization="Basic"),
        PresentedCredentials(authorization="Basic %%%"),
        PresentedCredentials(authorization="Basic \u00e9\u00e9\u00e9\u00e9"),
        PresentedCredentials(authorization="Bearer " + base64.b64encode(b"dwc_made-up:secret").decode()),
        PresentedCredentials(authorization="Basic " + base64.b64encode(b"dwc_made-up").decode()),
        PresentedCredentials(authorization="Basic " + base64.b64encode(b"dwc_made-up:\xff").decode()),
        PresentedCredentials(authorization="Basic " + base64.b64encode(b"dwc_made-up:%ff").decode()),
        PresentedCredentials(authorization="Basic " + base64.b64encode(b"dwc_made-up:" + b"x" * 2000).decode()),
    ],
    ids=range(17),
)
async def test_malformed_credentials_are_refused_without_a_statement(
    oauth: Oauth, presented: PresentedCredentials
) -> None:
    assert await refusal_of(oauth, presented) == (InvalidClientError.detail, 0)


async def test_two_methods_in_one_request_are_refused_before_either_is_checked(oauth: Oauth) -> None:
    client, secret = await oauth.client()
    header = basic(client.client_id, secret).authorization
    before = oauth.service.connections_asked_for()
    for both in (
        PresentedCredentials(header, client.client_id, secret),
        PresentedCredentials(header, None, secret),
        PresentedCredentials(header, None, ""),
        PresentedCredentials(header, new_client_id()),
        PresentedCredentials("Bearer made-up", client.client_id, secret),
    ):
        with pytest.raises(SeveralAuthenticationsError):
            await oauth.authentication.authenticate(both)
    assert oauth.service.connections_asked_for() == before


async def test_the_same_client_id_beside_basic_is_accepted(oauth: Oauth) -> None:
    client, secret = await oauth.client()
    presented = PresentedCredentials(basic(client.client_id, secret).authorization, client.client_id)
    assert await oauth.authentication.authenticate(presented) == client


@pytest.mark.parametrize(
    "spelling",
    [lambda text: text, lambda text: "".join(f"%{ord(each):02X}" for each in text), lambda text: f"{text[:-1]}%7e"],
    ids=["raw", "encoded", "partly encoded"],
)
@pytest.mark.parametrize("scheme", ["Basic ", "bASIC   "])
async def test_a_basic_header_is_form_decoded(oauth: Oauth, spelling: Callable[[str], str], scheme: str) -> None:
    chosen = f"{secrets.token_urlsafe(30)}.~"
    made = await oauth.clients.create(OPERATOR, ClientContent(name="Moved"), chosen_secret=chosen)
    text = f"{made.client.client_id}:{spelling(chosen)}".encode()
    presented = PresentedCredentials(f"{scheme}{base64.b64encode(text).decode()} ")
    assert await oauth.authentication.authenticate(presented) == made.client


async def test_a_secret_is_valid_for_a_week_after_its_rotation(oauth: Oauth) -> None:
    client, first = await oauth.client()
    rotated = await oauth.clients.rotate_secret(OPERATOR, client.client_id, any_version)
    assert rotated.secret is not None
    oauth.clock.advance(WEEK - timedelta(seconds=1))
    for secret in (first, rotated.secret):
        assert await oauth.authentication.authenticate(basic(client.client_id, secret)) == rotated.client
    oauth.clock.advance(timedelta(seconds=1))
    assert await oauth.authentication.authenticate(basic(client.client_id, rotated.secret)) == rotated.client
    assert (await refusal_of(oauth, basic(client.client_id, first)))[1] == 1


async def test_a_third_secret_invalidates_the_oldest(oauth: Oauth) -> None:
    client, first = await oauth.client()
    second = (await oauth.clients.rotate_secret(OPERATOR, client.client_id, any_version)).secret
    third = (await oauth.clients.rotate_secret(OPERATOR, client.client_id, any_version)).secret
    assert second is not None
    assert third is not None
    for secret in (second, third):
        await oauth.authentication.authenticate(basic(client.client_id, secret))
    await refusal_of(oauth, basic(client.client_id, first))


async def test_an_enabled_client_is_accepted_from_the_next_full_second(oauth: Oauth) -> None:
    """Tokens contain their second of issue. In the second of enabling, an old token would be accepted as a new one."""
    client, secret = await oauth.client()
    oauth.clock.advance(timedelta(milliseconds=200))
    await oauth.authentication.authenticate(basic(client.client_id, secret))
    issued_at = int(oauth.clock.now().timestamp())
    await oauth.clients.disable(OPERATOR, client.client_id, any_version)
    oauth.clock.advance(timedelta(milliseconds=300))
    enabled = await oauth.clients.enable(OPERATOR, client.client_id, any_version)
    assert issued_at < enabled.not_before.timestamp()
    await refusal_of(oauth, basic(client.client_id, secret))
    oauth.clock.advance(timedelta(milliseconds=500))
    await oauth.authentication.authenticate(basic(client.client_id, secret))
    assert int(oauth.clock.now().timestamp()) >= enabled.not_before.timestamp()


async def test_an_authentication_that_begins_after_the_client_is_disabled_fails(oauth: Oauth) -> None:
    client, secret = await oauth.client()
    presented, is_disabled = basic(client.client_id, secret), asyncio.Event()
    late: list[str] = []

    async def authenticate() -> None:
        while not is_disabled.is_set():
            with contextlib.suppress(InvalidClientError):
                await oauth.authentication.authenticate(presented)
        with contextlib.suppress(InvalidClientError):
            late.append((await oauth.authentication.authenticate(presented)).client_id)

    async def disable() -> None:
        await oauth.clients.disable(OPERATOR, client.client_id, any_version)
        is_disabled.set()

    await asyncio.gather(*(authenticate() for _ in range(8)), disable())
    assert late == []


async def test_after_concurrent_rotations_the_last_two_secrets_are_valid(oauth: Oauth) -> None:
    client, first = await oauth.client()
    rotations = [oauth.clients.rotate_secret(OPERATOR, client.client_id, any_version) for _ in range(6)]
    made = sorted(await asyncio.gather(*rotations), key=lambda each: each.client.version)
    assert [each.client.version for each in made] == list(range(2, 8))
    secrets_in_order = [first, *(each.secret or "" for each in made)]
    for secret in secrets_in_order[-2:]:
        await oauth.authentication.authenticate(basic(client.client_id, secret))
    for secret in secrets_in_order[:-2]:
        await refusal_of(oauth, basic(client.client_id, secret))


async def test_the_log_contains_the_reason_and_no_secret(oauth: Oauth, logs: Logs) -> None:
    client, secret = await oauth.client()
    wrong = new_secret()
    await refusal_of(oauth, basic(client.client_id, wrong))
    await refusal_of(oauth, basic(new_client_id(), secret))
    await refusal_of(oauth, posted(client.client_id, secret))
    lines = [line for line in logs.lines() if line["event"] == "client.authentication_failed"]
    assert [(line["reason"], line.get("client_id")) for line in lines] == [
        ("wrong_secret", client.client_id),
        ("unknown_client", None),
        ("wrong_method", client.client_id),
    ]
    assert secret not in logs.text()
    assert wrong not in logs.text()
    assert secret not in repr(posted(client.client_id, secret))
