"""A leaked key can be revoked even by a process that cannot decrypt the other keys."""

import secrets

import pytest

from doorward.domain.keys.exceptions import SigningKeysUnreadableError
from doorward.domain.keys.models import KeyState
from tests.integration.keys.conftest import MakeCopy
from tests.integration.service import Logs, events


async def test_a_key_is_revoked_even_if_its_successor_cannot_be_decrypted_here(make_copy: MakeCopy, logs: Logs) -> None:
    """The stored standby becomes the signing key. A new standby is added by a copy that can decrypt all keys."""
    copy, wrong = make_copy(), make_copy(keys=[secrets.token_bytes(32)])
    await copy.open()
    leaked, standby = await copy.in_state(KeyState.SIGNING), await copy.in_state(KeyState.STANDBY)
    assert await wrong.changes.revoke(leaked) == []
    assert await copy.in_state(KeyState.REVOKED) == leaked
    assert await copy.in_state(KeyState.SIGNING) == standby
    assert len(await copy.changes.list()) == 4
    (line,) = events(logs, "keys.incomplete")
    assert (line["algorithm"], line["missing"], line["level"]) == ("ES256", "standby", "warning")
    await copy.rings.reread()
    assert leaked not in copy.kids()
    assert copy.rings.current.signing_key("ES256", copy.clock.now()).kid == standby
    await copy.changes.maintain()
    assert await copy.in_state(KeyState.STANDBY) not in {leaked, standby}


async def test_a_successor_that_can_be_decrypted_here_is_preferred_to_an_older_one(make_copy: MakeCopy) -> None:
    copy = make_copy()
    await copy.open()
    leaked, older = await copy.in_state(KeyState.SIGNING), await copy.in_state(KeyState.STANDBY)
    await copy.changes.rotate(at_once=False)
    newer = await copy.in_state(KeyState.STANDBY)
    await make_copy.spoil(older)
    await copy.changes.revoke(leaked)
    assert await copy.in_state(KeyState.SIGNING) == newer
    assert await copy.in_state(KeyState.PENDING) == older


async def test_the_last_key_is_revoked_even_if_no_other_can_be_created_here(make_copy: MakeCopy, logs: Logs) -> None:
    """Tokens of this algorithm cannot be signed until a copy that can decrypt all keys adds new ones."""
    copy, wrong = make_copy(), make_copy(keys=[secrets.token_bytes(32)])
    await copy.open()
    await wrong.changes.revoke(await copy.in_state(KeyState.SIGNING))
    last = await copy.in_state(KeyState.SIGNING)
    assert await wrong.changes.revoke(last) == ["ES256"]
    assert [line["missing"] for line in events(logs, "keys.incomplete")][1:] == ["signing", "standby"]
    await copy.rings.reread()
    assert last not in copy.kids()
    assert not copy.rings.current.can_sign("ES256", copy.clock.now())
    assert copy.rings.current.can_sign("RS256", copy.clock.now())
    await copy.changes.maintain()
    await copy.rings.reread()
    assert copy.rings.current.can_sign("ES256", copy.clock.now())


async def test_a_key_that_cannot_be_decrypted_can_be_revoked_and_a_new_one_is_published(make_copy: MakeCopy) -> None:
    copy = make_copy()
    await copy.open()
    spoilt = await copy.in_state(KeyState.STANDBY)
    await make_copy.spoil(spoilt)
    with pytest.raises(SigningKeysUnreadableError):
        await copy.changes.rotate(at_once=True)
    await copy.changes.revoke(spoilt)
    assert await copy.in_state(KeyState.STANDBY) != spoilt
    await make_copy().open()
