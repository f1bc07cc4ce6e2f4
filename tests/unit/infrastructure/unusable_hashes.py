"""Stored hashes that match no password."""

from typing import Final

UNUSABLE_HASHES: Final = (
    "",
    "!",
    "*",
    "garbage",
    "$",
    "$bcrypt-sha256$",
    "$2b$99$" + "." * 53,
    "$2b$32$" + "." * 53,
    "$2b$03$" + "." * 53,
    "$2b$\u0664\u0664$" + "." * 53,
    "$2b$04$" + "." * 52,
    "$2b$04$" + "." * 54,
    "$2x$04$" + "." * 53,
    "$bcrypt-sha256$v=2,t=2b,r=99$" + "." * 22 + "$" + "." * 31,
    "$bcrypt-sha256$v=2,t=2b,r=3$" + "." * 22 + "$" + "." * 31,
    "$bcrypt-sha256$v=1,t=2b,r=4$" + "." * 22 + "$" + "." * 31,
    "$bcrypt-sha256$v=2,t=2b,r=4$" + "." * 22 + "$" + "." * 31 + "\n",
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA",
    "pbkdf2_sha256$1000000$salt$aGFzaA==",
    "\x00",
    "h\u00e4sh",
)
