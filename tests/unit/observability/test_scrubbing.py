"""The content of a log line after scrubbing."""

import html
import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.observability.scrubbing import (
    MAXIMUM_DEPTH,
    MAXIMUM_ITEMS,
    MAXIMUM_TRACEBACK,
    MAXIMUM_VALUE,
    REDACTED,
    SECRET_FIELDS,
    Scrubber,
)

SCRUBBER = Scrubber()
SECRET = "q7Rk2vXw9Zs4Tb6Yc1Nf8Hd3"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{SECRET}"
MARGIN = 32
"""The maximum length of the note about a truncated value's size."""


def scrubbed(value: Any, key: str = "value") -> Any:
    return SCRUBBER.scrub({key: value})[key]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer [redacted]"),
        (f"BEARER  {SECRET}==", "BEARER [redacted]"),
        (f"sent 'basic {SECRET}'", "sent 'basic [redacted]'"),
        (f"dwr_{SECRET}", REDACTED),
        (f"dwo_{SECRET}", REDACTED),
        (f"dwd_{SECRET}", REDACTED),
        (f"dws_{SECRET}", REDACTED),
        (f"dwt_{SECRET}", REDACTED),
        (f"a dwr_{SECRET[:3]}, cut off", "a [redacted], cut off"),
        (f"{JWT} and more", "[redacted] and more"),
        (JWT[:30], REDACTED),
        (f"postgresql://ada:{SECRET}@db:5432/x", "postgresql://ada:[redacted]@db:5432/x"),
        (f"redis://:{SECRET}@cache/0", "redis://:[redacted]@cache/0"),
        (f"https://ada:{SECRET}@{SECRET}@host/", "https://ada:[redacted]@host/"),
        (f"host=db password={SECRET} user=x", "host=db password=[redacted] user=x"),
        (f"?a=1&refresh_token={SECRET}&b=2", "?a=1&refresh_token=[redacted]&b=2"),
        (f"{{'password': '{SECRET} and \\' {SECRET}', 'a': 1}}", "{'password': [redacted], 'a': 1}"),
        (f'{{"new-password": "{SECRET}"}}', '{"new-password": [redacted]}'),
        (f'"{{\\"password\\": \\"{SECRET}\\"}}"', '"{\\"password\\": [redacted]}"'),
        (f"[('password', '{SECRET}')]", "[('password', [redacted])]"),
        (f"[(b'x-token', b'{SECRET}'), ('a', 1)]", "[(b'x-token', [redacted]), ('a', 1)]"),
        (f"{{'token': b'{SECRET}'}}", "{'token': [redacted]}"),
        (f"{{'token': Secret('{SECRET}')}}", "{'token': [redacted])}"),
        (f'{{"tokens": ["{SECRET}", "{SECRET}"], "a": 1}}', '{"tokens": [redacted], "a": 1}'),
        (f'{{"token": {{"value": "{SECRET}"}}, "a": 1}}', '{"token": [redacted], "a": 1}'),
        (f"<Password>{SECRET}</Password>", "<Password>[redacted]</Password>"),
        (f'secret_key = "{SECRET}"', "secret_key = [redacted]"),
        (f"'secret' => '{SECRET}'", "'secret' => [redacted]"),
        (f"Key (email)=({SECRET}) already exists.", "Key (email)=[redacted] already exists."),
        (f"login(password='{SECRET}', name='x')", "login(password=[redacted], name='x')"),
        (f"ada.{SECRET}+x@mail.example.com wrote", "[redacted] wrote"),
        (f"$2b$12${SECRET}", REDACTED),
        (f"$bcrypt-sha256$v=2,t=2b,r=12${SECRET}", REDACTED),
    ],
)
def test_a_secret_is_recognised_by_its_format_at_any_position(text: str, kept: str) -> None:
    assert SECRET not in scrubbed(text)
    assert scrubbed(text) == kept
    assert scrubbed(f"before\n{text}\nafter", "exception") == f"before\n{kept}\nafter"
    assert SECRET not in json.dumps(scrubbed([{"a": (text,)}]))
    assert SECRET not in json.dumps(scrubbed({text: "a key"}))


@pytest.mark.parametrize(
    "text",
    [
        "auth.refresh.reuse_detected",
        "e9ce879c-2f6c-4d0a-9d5f-6a1f7d1f4b11",
        "/api/v1/auth/token",
        "Uvicorn running on http://127.0.0.1:8000",
        "jwt.exceptions.InvalidTokenError: Not enough segments",
        'File "tokens.py", line 3, in sign',
        "2001:db8::/64",
        "Grüße",
        "",
    ],
)
def test_text_without_secrets_is_unchanged(text: str) -> None:
    assert scrubbed(text) == text
    assert scrubbed(text, "exception") == text


@pytest.mark.parametrize("word", [*SECRET_FIELDS, "email", "username", "phone"])
@pytest.mark.parametrize("spelling", ["{}", "new_{}", "X-{}-Hash", "{}s"])
def test_a_private_key_hides_its_value_at_any_depth(word: str, spelling: str) -> None:
    key = spelling.format(word)
    for each in (key, key.upper(), key.replace("_", "-")):
        nested = {"a": [{"b": {each: [SECRET]}}]}
        assert scrubbed(SECRET, each) == REDACTED
        assert json.dumps(scrubbed(nested)) == json.dumps({"a": [{"b": {each: REDACTED}}]})


def test_secrets_are_hidden_regardless_of_the_private_fields() -> None:
    line = Scrubber([]).scrub({"password": SECRET, "email": "shown"})
    assert line == {"password": REDACTED, "email": "shown"}


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\r\n", "\\r\\n"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x00", "\\x00"),
        ("\x7f", "\\x7f"),
        ("\x85", "\\x85"),
        ("\x9b", "\\x9b"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
        ("\u202e", "\\u202e"),
        ("\u2066", "\\u2066"),
        ("\u200b", "\\u200b"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_escaped(character: str, shown: str) -> None:
    assert scrubbed(f"a{character}b") == f"a{shown}b"
    assert scrubbed({f"a{character}": f"{character}b"}) == {f"a{shown}": f"{shown}b"}


def test_a_traceback_keeps_its_line_breaks_and_no_other_control_characters() -> None:
    assert scrubbed("one\n two\r\x1b", "exception") == "one\n two\\r\\x1b"


@pytest.mark.parametrize("text", ["a" * 10**6, "a b\n" * 10**5, "\u2028" * 10**6, f"{'a' * 2000} {JWT * 500}"])
def test_a_value_is_truncated(text: str) -> None:
    shown = scrubbed(text)
    assert len(shown) <= MAXIMUM_VALUE * len("\\u2028") + MARGIN
    assert shown.endswith(f"[{len(text)} characters]")
    assert SECRET not in shown


@pytest.mark.parametrize("offset", range(0, 120, 7))
def test_truncation_leaves_no_unrecognisable_part_of_a_secret(offset: int) -> None:
    text = "a" * (MAXIMUM_VALUE - offset) + f" https://ada:{SECRET * 2}@host/"
    assert SECRET[:8] not in scrubbed(text)


def test_a_long_traceback_is_truncated_to_its_last_whole_lines() -> None:
    text = "".join(f"line {number} of it\n" for number in range(10_000)) + "ValueError: the cause"
    kept = scrubbed(text, "exception")
    assert len(kept) <= MAXIMUM_TRACEBACK + MARGIN
    first, second, *_, last = kept.splitlines()
    assert (first, second[:5], last) == (f"[{len(text)} characters]", "line ", "ValueError: the cause")


def test_a_long_message_in_one_line_is_truncated_to_its_last_whole_words() -> None:
    kept = scrubbed(f"ValueError: {JWT * 1000} was the cause {'and more ' * 1000}", "exception")
    assert len(kept) <= MAXIMUM_TRACEBACK + MARGIN
    assert SECRET not in kept
    assert kept.endswith("was the cause " + "and more " * 1000)


def test_a_collection_is_truncated_in_width_and_depth() -> None:
    assert len(scrubbed(list(range(1000)))) == MAXIMUM_ITEMS
    assert len(scrubbed(dict.fromkeys(range(1000), 1))) == MAXIMUM_ITEMS
    deep: Any = SECRET
    for _ in range(100):
        deep = [deep]
    shown, depth = scrubbed(deep), 0
    while isinstance(shown, list):
        (shown,), depth = shown, depth + 1
    assert depth == MAXIMUM_DEPTH


@pytest.mark.parametrize("value", [1, 1.5, True, False, None])
def test_numbers_booleans_and_none_are_unchanged(value: object) -> None:
    assert scrubbed(value) is value
    assert scrubbed([value]) == [value]


def test_other_values_are_converted_to_scrubbed_text() -> None:
    assert scrubbed(ValueError(f"dwr_{SECRET}")) == REDACTED
    assert scrubbed(b"bytes") == "b'bytes'"


def test_the_cache_of_keys_is_bounded() -> None:
    scrubber = Scrubber()
    for number in range(MAXIMUM_VALUE + 10):
        assert scrubber.scrub({"value": {f"key{number}": 1}}) == {"value": {f"key{number}": 1}}
    assert scrubber.scrub({"value": {"a late password": 1}}) == {"value": {"a late password": REDACTED}}


def nested(text: str, layer: str) -> str:
    """Return the text as a value in a document of another format."""
    return {
        "JSON": lambda: json.dumps({"body": text}),
        "JSON without plain quotes": lambda: json.dumps({"body": text}).replace('\\"', "\\u0022"),
        "repr of bytes": lambda: repr({"body": text.encode()}),
        "repr": lambda: repr([text]),
        "URL": lambda: f"https://store/?body={quote_plus(text)}&a=1",
        "HTML": lambda: f"<p>{html.escape(text)}</p>",
    }[layer]()


LAYERS = ["JSON", "JSON without plain quotes", "repr of bytes", "repr", "URL", "HTML"]


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("first", LAYERS)
@pytest.mark.parametrize("second", LAYERS)
def test_a_secret_is_recognised_by_its_name_after_repeated_escaping(first: str, second: str, depth: int) -> None:
    for value in (SECRET, f"""{SECRET} 'and' "{SECRET}" \\ {SECRET}"""):
        text = json.dumps({"SECRET_KEY": value, "a": [1]})
        for number in range(depth):
            text = nested(text, (first, second)[number % 2])
        for shown in (scrubbed(text), scrubbed(text, "exception"), scrubbed([text])[0]):
            assert SECRET not in shown, text


def test_a_secret_that_is_truncated_within_its_escapes_is_not_shown() -> None:
    text = json.dumps({"a": json.dumps({"SECRET_KEY": f"{SECRET} {SECRET}"})})
    for end in range(len(text)):
        assert SECRET[:12] not in scrubbed(text[:end])


@given(st.text(), st.sampled_from([f"dwr_{SECRET}", JWT, f"Bearer {SECRET}", f"a://b:{SECRET}@c"]), st.text())
def test_a_secret_is_removed_from_any_surrounding_text(before: str, secret: str, after: str) -> None:
    shown = scrubbed(f"{before} {secret} {after}")
    assert SECRET not in shown
    assert shown.isprintable()
