"""The requests for wrk."""

from pathlib import Path

from benchmarks.load import FORM, RefreshChain, post


def test_refresh_tokens_are_exchanged_as_json(tmp_path: Path) -> None:
    script, tokens, *arguments = RefreshChain(["first", "second"], "/refresh").command(tmp_path)
    assert Path(script).name == "chain.lua"
    assert Path(tokens).read_bytes() == b"first\0second\0"
    assert arguments == ["/refresh", "refresh_token", "application/json", '{"refresh_token":"', '"}']


def test_refresh_tokens_are_exchanged_as_the_last_field_of_a_form(tmp_path: Path) -> None:
    chain = RefreshChain(["first"], "/token", form={"grant_type": "refresh_token", "client_id": "a&b"})
    *_, content_type, before, after = chain.command(tmp_path)
    assert content_type == "application/x-www-form-urlencoded"
    assert before == "grant_type=refresh_token&client_id=a%26b&refresh_token="
    assert not after


def test_a_post_has_its_own_headers_before_its_body() -> None:
    head, _, body = post("/token", FORM, "a=b", x_forwarded_proto="https").decode().partition("\r\n\r\n")
    assert head.splitlines()[0] == "POST /token HTTP/1.1"
    assert {"Content-Type: application/x-www-form-urlencoded", "Content-Length: 3", "x-forwarded-proto: https"} <= set(
        head.splitlines()
    )
    assert body == "a=b"
