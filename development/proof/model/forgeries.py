"""Forged tokens that an attacker without a token of a session could make."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import uuid4

from development.proof.model.checks import read
from development.proof.model.keys import Keys
from development.proof.model.people import Session
from doorward.domain.auth.tokens.refresh_token import RefreshToken, RefreshTokenCodec


def _foreign(session: Session, _other: Session, _keys: Keys, _cut: int) -> str:
    """Encode the current token with another installation's key."""
    return RefreshTokenCodec(secrets.token_bytes(64)).encode(read(session.tokens[-1].text))


def _truncated(session: Session, _other: Session, _keys: Keys, cut: int) -> str:
    return session.tokens[-1].text[:-cut]


def _altered(session: Session, _other: Session, _keys: Keys, cut: int) -> str:
    text = session.tokens[-1].text
    return text[:-cut] + ("A" if text[-cut] != "A" else "E") + text[len(text) - cut + 1 :]


def _secret_of_another(session: Session, other: Session, keys: Keys, _cut: int) -> str:
    """Encode a replaced token, whose use would be theft, with another session's secret: the key was stolen as well."""
    token = read(session.tokens[-1].text)
    secret = secrets.token_bytes(16) if other is session else read(other.tokens[-1].text).secret
    return keys.codec().encode(replace(token, secret=secret, generation=max(0, token.generation - 1)))


def _successor(token: RefreshToken) -> RefreshToken:
    return replace(token, generation=token.generation + 1)


def _future(session: Session, _other: Session, keys: Keys, _cut: int) -> str:
    return keys.codec().encode(_successor(read(session.tokens[-1].text)))


def _of_no_session(session: Session, _other: Session, keys: Keys, _cut: int) -> str:
    return keys.codec().encode(replace(read(session.tokens[-1].text), session_id=uuid4()))


def _empty(_session: Session, _other: Session, _keys: Keys, _cut: int) -> str:
    return ""


FORGERIES: Final[Mapping[str, Callable[[Session, Session, Keys, int], str]]] = {
    "foreign": _foreign,
    "truncated": _truncated,
    "altered": _altered,
    "another's secret": _secret_of_another,
    "future": _future,
    "of no session": _of_no_session,
    "empty": _empty,
}
