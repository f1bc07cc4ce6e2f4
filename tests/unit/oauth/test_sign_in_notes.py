"""The note that a request has sent its user to sign in: it counts for this request, and for an hour."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from doorward.domain.oauth.sign_in_notes import LIFETIME, SignInNotes

KEY, OTHER = b"k" * 64, b"o" * 64
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKED = {"client_id": "a", "prompt": "login"}
NOTES = SignInNotes(KEY)
NOTE = NOTES.write(ASKED, NOW)


def test_it_says_when_the_user_was_asked() -> None:
    assert NOTES.read(NOTE, ASKED, NOW) == NOW
    assert NOTES.read(NOTE, dict(reversed(ASKED.items())), NOW + LIFETIME - timedelta(seconds=1)) == NOW


def test_it_ends_and_does_not_begin_before_it_was_written() -> None:
    assert NOTES.read(NOTE, ASKED, NOW + LIFETIME) is None
    assert NOTES.read(NOTE, ASKED, NOW - timedelta(microseconds=1)) is None


@pytest.mark.parametrize("asked", [{}, {**ASKED, "state": "s"}, {"client_id": "a"}, {**ASKED, "client_id": "b"}])
def test_it_is_of_no_other_request(asked: dict[str, str]) -> None:
    assert NOTES.read(NOTE, asked, NOW) is None


def test_it_cannot_be_changed() -> None:
    raw = base64.urlsafe_b64decode(NOTE + "=" * (-len(NOTE) % 4))
    for place in range(len(raw)):
        edited = bytes(byte ^ (index == place) for index, byte in enumerate(raw))
        assert NOTES.read(base64.urlsafe_b64encode(edited).decode().rstrip("="), ASKED, NOW) is None


@pytest.mark.parametrize("note", [None, "", "A", "!" * 32, "\u00e9", NOTE[:-4], NOTE + "AAAA"])
def test_what_is_none_is_none(note: str | None) -> None:
    assert NOTES.read(note, ASKED, NOW) is None


def test_that_of_the_previous_key_counts_while_it_is_set() -> None:
    old = SignInNotes(OTHER).write(ASKED, NOW)
    assert SignInNotes(KEY, OTHER).read(old, ASKED, NOW) == NOW
    assert NOTES.read(old, ASKED, NOW) is None
