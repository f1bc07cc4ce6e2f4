"""Common passwords that no list can hold in full: a common word with a year, digits or signs around it. Pure.

NIST SP 800-63B-4 section 3.1.1.2 asks for a blocklist instead of composition rules. ``Summer2024!`` satisfies every
composition rule, and attackers try it among the first.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

_LONGEST_EDGE: Final = 12
_DIGITS: Final = "0123456789"
_RUNS: Final = tuple(
    run
    for length in range(5, 11)
    for run in ("1234567890"[:length], "0987654321"[:length], *(digit * length for digit in _DIGITS))
)
_SIGNS: Final = r"[^\w\s]{0,3}"
_EDGE: Final = re.compile(rf"[\s_]?{_SIGNS}(?:[0-9]{{0,4}}|{'|'.join(_RUNS)}){_SIGNS}")
"""At most three signs, then a year, at most four digits or a run of digits, then at most three signs."""

_LETTERS_OF_SIGNS: Final = tuple(
    str.maketrans({"0": "o", "1": one, "!": one, "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t", "8": "b"})
    for one in ("i", "l")
)

_WORDS: Final = frozenset(
    """
    spring summer autumn fall winter
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    sommer herbst fruehling passwort kennwort hallo verano invierno primavera estate inverno printemps hiver bonjour
    contrasena motdepasse senha parola haslo wachtwoord welkom
    qwerty qwertz azerty qwert asdf asdfg asdfgh asdfghjkl zxcv zxcvb zxcvbn qazwsx qweasd qweasdzxc 1qaz2wsx 1q2w3e
    1q2w3e4r 1qaz abc abcd abcde abcdef aaaa xxxx
    pass passw password pwd passwd passphrase secret login logon admin administrator root user guest test testing demo
    temp changeme change letmein welcome default system server company office private access doorward hello
    love lovely iloveyou angel baby princess dragon monkey master shadow sunshine superman batman football baseball
    soccer hockey hunter ninja pokemon starwars computer internet money freedom flower cookie chocolate cheese
    michael jordan charlie thomas daniel jessica ashley nicole london berlin paris america
    """.split()  # noqa: SIM905 - as a list they would be 150 lines
)
"""Seasons, months, weekdays, rows of keyboards, and the most common words under eight letters in leaked passwords."""


def is_common_pattern(folded: str, common_passwords: Collection[str]) -> bool:
    """Return whether a password is one common word, perhaps twice, with at most a few digits and signs around it.

    ``folded`` is the password in NFKC and case-folded. Digits and signs may also stand for letters (``p@ssw0rd``).
    Several different words are not a pattern, because passphrases contain common words.
    """
    return any(_is_common_word(core, common_passwords) for core in _cores(folded))


def _cores(folded: str) -> Iterator[str]:
    """Yield each part of a password that remains when a possible edge is cut off at the start and at the end."""
    length = len(folded)
    starts = [end for end in range(min(length, _LONGEST_EDGE + 1)) if _EDGE.fullmatch(folded, 0, end)]
    ends = [begin for begin in range(max(1, length - _LONGEST_EDGE), length + 1) if _EDGE.fullmatch(folded, begin)]
    for start in starts:
        for end in ends:
            if start < end:
                yield folded[start:end]


def _is_common_word(core: str, common_passwords: Collection[str]) -> bool:
    half = core[: len(core) // 2]
    words = {core, half} if half * 2 == core else {core}
    spellings = words | {word.translate(letters) for word in words for letters in _LETTERS_OF_SIGNS}
    return any(spelling in _WORDS or spelling in common_passwords for spelling in spellings)
