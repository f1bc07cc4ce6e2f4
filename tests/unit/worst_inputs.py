"""The most expensive texts within the limits, found by trying many structures at each place."""

import base64
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

HEADER_BYTES: Final = 32 * 1024
"""The server's limit for all header fields of a request together."""

BODY_BYTES: Final = 64 * 1024


def texts(length: int) -> Mapping[str, str]:
    """Return Unicode texts that are slow to normalise, by their structure; each has the maximum length."""
    acute, grave_below = "\u0301", "\u0316"
    patterns = {
        "marks of two classes, in halves": "a" + acute * (length // 2) + grave_below * (length // 2),
        "marks of two classes, alternating": f"{acute}{grave_below}" * length,
        "marks of all classes, falling": _falling_classes(length),
        "runs of 30 marks": f"a{acute * 15}{grave_below * 15}" * length,
        "runs of 31 marks": f"a{acute * 16}{grave_below * 15}" * length,
        "runs of 30 marks that become 60": f"a{chr(0x0F81) * 30}" * length,
        "marks that decompose to two, with combining class 0": "\u0f81" * length,
        "other marks that decompose to two": "\u0f73\u0f75" * length,
        "marks that decompose to two": "\u0344" * length,
        "jamo": "\u1100\u1161\u11a8" * length,
        "syllables": "\uac01" * length,
        "one that NFKC expands to eighteen": "\ufdfa" * length,
        "one that NFKC expands to several": "\u3300" * length,
        "letters with three marks": "\u1f82" * length,
        "notes that NFC expands to three": "\U0001d160" * length,
        "letters whose lower case is longer": "\u0130" * length,
        "sharp s": "\u00df" * length,
        "white space": " " * length,
        "letters": "a" * length,
    }
    return {name: pattern[:length] for name, pattern in patterns.items()}


def _falling_classes(length: int) -> str:
    """Return marks of each combining class, most of the highest first: each must be moved past all earlier ones."""
    mark_of_class = {unicodedata.combining(chr(code)): chr(code) for code in range(0x300, 0x20000)}
    classes = sorted(mark_of_class.keys() - {0}, reverse=True)
    return "a" + "".join(mark_of_class[each] * (length // len(classes)) for each in classes)


def addresses(length: int) -> Mapping[str, str]:
    local = {f"{name}, local": f"{text[: length - 12]}@example.com" for name, text in texts(length).items()}
    domain = {f"{name}, domain": f"a@{text[: length - 6]}.com" for name, text in texts(length).items()}
    labels = {f"{name}, labels": "a@" + ".".join([text[:50]] * 6) for name, text in texts(length).items()}
    others = {
        "at signs": "@" * length,
        "dots": "a@" + "." * (length - 2),
        "short labels": "a@" + "a." * (length // 2 - 1),
        "empty A-labels": "a@" + "xn--a." * (length // 6 - 1),
        "long A-labels": "a@" + ("xn--" + "z" * 59 + ".") * 4 + "com",
        "A-labels of digits": "a@" + ("xn--" + "0123456789" * 5 + "99999.") * 4 + "com",
        "quotes": '"' * length,
        "escaped quotes": '"' + '\\"' * (length // 2 - 10) + '"@example.com',
        "IPv6 literal": "a@[IPv6:" + "1:" * (length // 2 - 10) + "]",
        "display names": '"a" ' * (length // 4 - 4) + "<a@b.com>",
        "ideographs": "a@" + ".".join("".join(chr(0x4E00 + n * 67 + m) for n in range(20)) for m in range(14)),
    }
    return {**local, **domain, **labels, **others}


def header_values() -> Mapping[str, str]:
    """Return values that fill all header fields of a request, made of the separators of all list formats."""
    parts = [
        ",", ", ", '"1",', 'W/"1",', "*,", " ", "\t", ";", "=", ":", ".", "-", "a", "\xff", "gzip;q=0,", "gzip ; q=0.",
        "0" * 400 + ",", "1.1.1.1,", "10.1.1.1,", "::ffff:10.1.1.1,", "fc00::1,", "[::1]:1,", "1:1,", "fe80::1%a,",
        "00-" + "a" * 32 + "-" + "b" * 16 + "-01-", "eyJ", "Bearer ", "a/b;c=d,", "%41",
    ]  # fmt: skip
    whole = {repr(part[:20]): part * (HEADER_BYTES // len(part)) for part in parts}
    return {**whole, "'gzip' in white space": "gzip" + " " * 16_000 + ";" + " " * 16_000 + "q=0"}


def json_bodies(member: str) -> Mapping[str, bytes]:
    """Return bodies of 64 KiB; ``member`` is a member of the schema."""
    named = b'{"' + member.encode() + b'":'
    bodies = {
        "open arrays": b"[" * BODY_BYTES,
        "open objects": b'{"a":' * (BODY_BYTES // 5),
        "arrays in the member": named + b"[" * 30_000 + b"]" * 30_000 + b"}",
        "digits": named + b"9" * 65_000 + b"}",
        "numbers of 4,299 digits": named + b"[" + b",".join([b"9" * 4299] * 15) + b"]}",
        "a fraction of many digits": named + b"0." + b"9" * 65_000 + b"}",
        "an exponent of many digits": named + b"1e" + b"9" * 65_000 + b"}",
        "unknown members": b"{" + b",".join(b'"%x":1' % number for number in range(7_000)) + b"}",
        "members without a name": b"{" + b",".join([b'"":1'] * 13_000) + b"}",
        "one repeated member": b"{" + b",".join([named[1:] + b"1"] * 4_000) + b"}",
        "members of the member": named + b"{" + b",".join(b'"%x":1' % number for number in range(7_000)) + b"}}",
        "numbers in the member": named + b"[" + b",".join([b"1"] * 32_000) + b"]}",
        "empty texts in the member": named + b"[" + b",".join([b'""'] * 21_000) + b"]}",
        "1,000 numbers in the member": named + b"[" + b",".join([b"1"] * 1_000) + b"]}",
        "escapes": named + b'"' + rb"\u0f81" * 10_900 + b'"}',
        "escaped surrogates": named + b'"' + rb"\ud83d\ude00" * 5_400 + b'"}',
        "backslashes": named + b'"' + rb"\\" * 32_000 + b'"}',
        "white space": b" " * BODY_BYTES,
        "invalid UTF-8": named + b'"' + b"\xff" * 65_000 + b'"}',
    }
    marks = {name: named + b'"' + text.encode() + b'"}' for name, text in texts(15_000).items()}
    return {name: body[:BODY_BYTES] for name, body in {**bodies, **marks}.items()}


def forms() -> Mapping[str, bytes]:
    parts = [b"&", b"a=&", b"=", b";", b"username=a&"]
    values = [b"%", b"%41", b"%FF", b"%CC%81", "%41\u00e9".encode(), b"+", b"a+", "\u0f81".encode(), b"%E0%BE%81"]
    whole = {repr(part): part * (BODY_BYTES // len(part)) for part in parts}
    return whole | {
        f"{each!r} in {name}": f"{name}=".encode() + each * ((BODY_BYTES - 20) // len(each))
        for each in values
        for name in ("username", "password", "scope")
    }


def access_tokens() -> Mapping[str, str]:
    heads = {
        "open arrays": b"[" * 2_900,
        "open objects": b'{"a":' * 590,
        "digits": b"9" * 2_900,
        "digits beside an algorithm": b'{"alg":"HS256","x":' + b"9" * 2_800 + b"}",
        "arrays beside an algorithm": b'{"alg":"HS256","x":' + b"[" * 1_400 + b"]" * 1_400 + b"}",
        "members": b"{" + b",".join(b'"%x":1' % number for number in range(330)) + b"}",
    }
    ours = _base64(b'{"alg":"HS256","typ":"at+jwt"}')
    headers = {f"header of {name}": f"{_base64(head)}.e30.{'a' * 43}" for name, head in heads.items()}
    claims = {f"claims of {name}": f"{ours}.{_base64(head)[:3_900]}.{'a' * 43}" for name, head in heads.items()}
    others = {"dots": "." * 4_096, "a long signature": f"{ours}.e30.{'a' * 4_000}", "too long": "eyJ" * 10_000}
    return {**headers, **claims, **others}


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def csv_files() -> Mapping[str, bytes]:
    """Return files with the longest possible rows; the reader reads one line at a time."""
    header, size = "title,description,tags\n", 65_000
    rows = {
        "empty tags": f'{header}x,,"{"," * size}"\n',
        "tags of one letter": f'{header}x,,"{"a," * (size // 2)}"\n',
        "20 long tags": f'{header}x,,"{",".join([chr(0x0F81) * 3_200] * 20)}"\n',
        "quotes": f'{header}"{chr(34) * 2 * (size // 2)}",x,\n',
        "an open quote": f'{header}"' + "a" * 200_000,
        "an open quote over many lines": f'{header}"' + "\n" * 200_000,
        "one long line": header + "a" * 3_000_000,
        "empty lines": header + "\n" * 200_000,
        "commas": header + "," * size + "\n",
        "line ends in a field": f'{header}x,"{chr(13)}{chr(10)}' + "\r\n" * (size // 2) + '",\n',
        "columns": ",".join(f"a{number}" for number in range(9_000)) + "\n",
        "brackets in a film": "movieId,title,genres\n1," + "a (" * (size // 3) + ",x\n",
        "years in a film": "movieId,title,genres\n1," + "(1999) " * 160 + "x,x\n",
        "a span in a film": "movieId,title,genres\n1,a" + " (1999" + " " * 1_100 + "x,x\n",
        "spans in a film": "movieId,title,genres\n1," + "(1999 - " * 140 + "x,x\n",
        "other titles in a film": "movieId,title,genres\n1," + "a (1999) (" * 110 + "x,x\n",
        "white space in a year": "title,year\nx,1999" + " " * size + "x\n",
        "zeros in a year": "title,year\nx,1999." + "0" * size + "x\n",
        "zeros in an external id": "movieId,title\n1." + "0" * size + "x,x\n",
        "digits in an external id": "movieId,title\n" + "1" * size + ".5,x\n",
        "a separator line": "sep=;" + " " * size + "x\n",
        "columns with each separator": "a,;|\t" * (size // 5) + "\n",
        "quotes in a header": '"' * size + "\n",
        "columns with one name": "title" + ",x" * (size // 2) + "\n",
        "an index of words": "title,description\nx," + "ab " * 3_333 + "\n",
        "an index of pairs": "title,description\nx," + "".join(chr(0x4E00 + n) for n in range(9_999)) + "\n",
        "white space in a film": "movieId,title,genres\n1,a" + " " * size + "(1999,x\n",
        "genres": "movieId,title,genres\n1,a," + "|" * size + "\n",
        "digits as a year": "title,year\nx," + "9" * size + "\n",
        "letters as a visibility": "title,visibility\nx," + "\u0130" * (size // 2) + "\n",
    }
    described = {f"{name}, description": f"{header}x,{text},\n" for name, text in texts(size).items()}
    titled = {f"{name}, title": f"{header}{text},x,\n" for name, text in texts(size).items()}
    encoded = {name: file.encode() for name, file in {**rows, **described, **titled}.items()}
    wide = "title\n" + "\u4e0a" * 200_000
    return encoded | {"a long line of UTF-16": wide.encode("utf-16-le"), "UTF-8 after UTF-16": _two_encodings(size)}


def _two_encodings(size: int) -> bytes:
    return "title\nA\n".encode("utf-16-le") + b"ab\n" * size


def column_maps() -> Mapping[str, str]:
    """Return column maps of the maximum length."""
    parts = ["a", ":", ",", "a:", "a:title", "a:title,", ":title,", "title:", "a:title:title", "\n", "\u0130"]
    return {repr(part): (part * 2_000)[:2_000] for part in parts}


def log_texts() -> Mapping[str, str]:
    """Return texts of error messages and tracebacks, made of the beginnings of the patterns that are searched."""
    parts: Sequence[str] = [
        "a", "@", "a@a.", "://", "://a:", "password", "password='", "email)=(", "token", "eyJaaaaaaaa.", "bearer ",
        "bearer\t", "dwr_", "$2b$", "\\", '\\"', '"', "(", "secret-", "api_key", "\u202e", "\x00", "\n", "\u0f81",
    ]  # fmt: skip
    longest = 20_000
    alone = {repr(part): part * (longest // len(part)) for part in parts}
    mixed = {f"{one!r} and {other!r}": one * 900 + other * 900 for one, other in pairwise([*parts, *parts[::3]])}
    return {**alone, **mixed}
