"""Properties of each parser of untrusted text, for any bytes: used by the unit ring and by `fuzz_parsers`."""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from starlette.requests import Request

from development.proof import provider_parsers, user_file_parsers
from doorward.api.caller import bearer_token
from doorward.core.exceptions import DomainError
from doorward.core.principal import Principal, SignIn
from doorward.domain.auth.exceptions import (
    InvalidAccessTokenError,
    InvalidEmailError,
    InvalidRefreshTokenError,
    InvalidUsernameError,
    MissingAccessTokenError,
)
from doorward.domain.auth.tokens.refresh_token import SECRET_BYTES, RefreshToken, RefreshTokenCodec
from doorward.domain.auth.users.identifiers import canonical_email, canonical_username, display_username
from doorward.domain.items.exceptions import InvalidColumnMapError
from doorward.domain.items.folding import fold
from doorward.domain.items.indexing import words_of
from doorward.domain.items.policy import checked_content, checked_external_id
from doorward.domain.items.reading.columns import FIELDS, read_column_map
from doorward.domain.items.reading.files import BadLine, FileOptions, open_items
from doorward.infrastructure.access_tokens import AccessTokens

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_CODEC: Final = RefreshTokenCodec(b"k" * 32, previous_key=b"p" * 32)
_READABLE: Final = (RefreshTokenCodec(b"k" * 32), RefreshTokenCodec(b"p" * 32))
_ACCESS_TOKENS: Final = AccessTokens(
    key=b"k" * 32, algorithm="HS256", issuer="doorward", audience="doorward", lifetime=timedelta(minutes=30)
)
_REFRESH_TOKEN: Final = RefreshToken(UUID(int=7), UUID(int=9), 3, b"s" * SECRET_BYTES)
_PRINCIPAL: Final = Principal(UUID(int=1), UUID(int=2), "doorward", frozenset({"account"}))
_SIGN_IN: Final = SignIn(_NOW, 1, ("pwd",))


class BrokenPropertyError(Exception):
    """A parser violated a property."""


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - it is an assertion
    if not holds:
        raise BrokenPropertyError(what)


def refresh_token_decoder(data: bytes) -> None:
    """Check that text is refused, or equals the encoding of the decoded token with one of the keys."""
    text = data.decode(errors="surrogateescape")
    try:
        token = _CODEC.decode(text)
    except InvalidRefreshTokenError:
        return
    _require(text in {codec.encode(token) for codec in _READABLE}, "a second spelling of a token was read")


def bearer_parser(data: bytes) -> None:
    """Check that header lines are refused, or the only one's token is returned whole, and only ours verifies."""
    lines = data.split(b"\n")
    headers = [(b"authorization", line) for line in lines]
    request = Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})
    try:
        token = bearer_token(request)
    except (MissingAccessTokenError, InvalidAccessTokenError):
        return
    _require(len(lines) == 1, "one of two headers was chosen")
    sent = lines[0].decode("latin-1").strip(" \t").partition(" ")[2].strip(" \t")
    _require(sent == token, "a token was changed on the way")
    try:
        principal = _ACCESS_TOKENS.verify(token, _NOW)
    except InvalidAccessTokenError:
        return
    _require(principal == _PRINCIPAL, "a token without a valid signature was verified")


def email_canonicaliser(data: bytes) -> None:
    """Check that an address is refused, or has a canonical form that is its own, in any case of its letters."""
    text = data.decode(errors="surrogateescape")
    try:
        address = canonical_email(text)
    except InvalidEmailError:
        return
    _require(canonical_email(address) == address, "the canonical form has another canonical form")
    _require(address.count("@") == 1 and "\0" not in address, "the canonical form is no address")


def username_canonicaliser(data: bytes) -> None:
    """Check that a name is refused, or has an ASCII canonical form that is its own, in any case of its letters."""
    text = data.decode(errors="surrogateescape")
    try:
        name = canonical_username(text)
    except InvalidUsernameError:
        return
    _require(name.isascii() and name == canonical_username(name), "the canonical form has another canonical form")
    shown = display_username(text)
    _require({canonical_username(shown.upper()), canonical_username(shown.lower())} == {name}, "case tells names apart")


def csv_importer(data: bytes) -> None:
    """Check that a file is refused, or each line is a valid item, empty, or refused."""
    number = 0
    try:
        with open_items(io.BytesIO(data), FileOptions()) as file:
            for line in file.lines:
                if isinstance(line, BadLine):
                    _require(line.number > number, "a line was counted twice")
                    number = line.number
                elif line is not None:
                    _require(checked_content(line.content) == line.content, "an item is invalid")
                    external_id = line.external_id
                    _require(not external_id or checked_external_id(external_id) == external_id, "an id is bad")
    except DomainError:
        return


def column_map(data: bytes) -> None:
    """Check that a map of columns is refused, or names each field once and each column once."""
    try:
        mapped = read_column_map(data.decode(errors="surrogateescape"))
    except InvalidColumnMapError:
        return
    _require(set(mapped.values()) <= set(FIELDS), "a column was mapped to what is no field")
    _require(len(set(mapped.values())) == len(mapped), "two columns were mapped to one field")


def search_folder(data: bytes) -> None:
    """Check that folding is idempotent, and that the words are lexemes without signs of PostgreSQL's syntax."""
    text = data.decode(errors="replace")
    folded = fold(text)
    _require(fold(folded) == folded, "folding twice gives another text")
    signs = set(" \t\n:&|!<>()'\"\\*,=")
    _require(not any(signs & set(word) for word in words_of(folded)), "a word has a sign of PostgreSQL's syntax")


PARSERS: Final[Mapping[str, Callable[[bytes], None]]] = {
    each.__name__: each
    for each in (
        *(refresh_token_decoder, bearer_parser, email_canonicaliser, username_canonicaliser),
        *(csv_importer, column_map, search_folder),
    )
} | {**user_file_parsers.PARSERS, **provider_parsers.PARSERS}
SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "refresh_token_decoder": tuple(codec.encode(_REFRESH_TOKEN).encode() for codec in _READABLE),
    "bearer_parser": (
        b"Bearer " + _ACCESS_TOKENS.sign(_PRINCIPAL, _SIGN_IN, _NOW).encode(),
        b"bearer  a\nBearer b",
    ),
    "email_canonicaliser": (b"Ada.Lovelace+x@Example.com", "\u00e9@b\u00fccher.example".encode()),
    "username_canonicaliser": (b"Ada_Lovelace-1.0", "\uff21\uff44\uff41".encode()),
    "csv_importer": (
        b'title,tags,year\n"A, ""B""",x|y,1949\n',
        b"movieId,title,genres\n1,M (1931),Crime|Thriller\n",
        b"sep=;\nexternal_id;title;\n7;A;\n",
        "\ufefftitle\tyear\r\nA\t1949\r\n".encode("utf-16-le"),
    ),
    "column_map": (b"Name:title,Published:year", b"a, b:c:title"),
    "search_folder": ("L\u00e9on \ufb01 \u6771\u4eac\u7269\u8a9e".encode(), "\u0130\u0f81\u3099\ufdfa".encode()),
    **user_file_parsers.SEEDS,
    **provider_parsers.SEEDS,
}
"""Valid inputs from which the fuzzer starts."""
