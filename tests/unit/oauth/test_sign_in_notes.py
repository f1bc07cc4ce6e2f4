"""The note that a request has sent its user to sign in is valid for this request and for an hour."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from doorward.domain.oauth.sign_in_notes import LIFETIME, SignInNotes

KEY, OTHER = b"k" * 64, b"o" * 64
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKED = {"client_id": "a", "prompt": "login"}
NOTES = SignInNotes(KEY)
NOTE = NOTES.write(ASKED, NOW)


def test_a_note_has_the_time_of_the_prompt() -> None:
    assert NOTES.read(NOTE, ASKED, NOW) == NOW
    assert NOTES.read(NOTE, dict(reversed(ASKED.items())), NOW + LIFETIME - timedelta(seconds=1)) == NOW


def test_a_note_is_invalid_after_its_lifetime_and_before_its_creation() -> None:
    assert NOTES.read(NOTE, ASKED, NOW + LIFETIME) is None
    assert NOTES.read(NOTE, ASKED, NOW - timedelta(microseconds=1)) is None


@pytest.mark.parametrize("asked", [{}, {**ASKED, "state": "s"}, {"client_id": "a"}, {**ASKED, "client_id": "b"}])
def test_a_note_is_invalid_for_another_request(asked: dict[str, str]) -> None:
    assert NOTES.read(NOTE, asked, NOW) is None


def test_a_changed_note_is_invalid() -> None:
    raw = base64.urlsafe_b64decode(NOTE + "=" * (-len(NOTE) % 4))
    for place in range(len(raw)):
        edited = bytes(byte ^ (index == place) for index, byte in enumerate(raw))
        assert NOTES.read(base64.urlsafe_b64encode(edited).decode().rstrip("="), ASKED, NOW) is None


@pytest.mark.parametrize("note", [None, "", "A", "!" * 32, "\u00e9", NOTE[:-4], NOTE + "AAAA"])
def test_a_malformed_note_is_ignored(note: str | None) -> None:
    assert NOTES.read(note, ASKED, NOW) is None


def test_a_note_of_the_previous_key_is_valid_while_that_key_is_set() -> None:
    old = SignInNotes(OTHER).write(ASKED, NOW)
    assert SignInNotes(KEY, OTHER).read(old, ASKED, NOW) == NOW
    assert NOTES.read(old, ASKED, NOW) is None
