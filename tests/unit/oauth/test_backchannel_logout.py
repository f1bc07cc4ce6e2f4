"""Retries of back-channel logouts, and the URIs that clients may register for them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from doorward.domain.oauth.backchannel_logout import DELAYS, LogoutAnswer, judge_answer
from doorward.domain.oauth.exceptions import InvalidLogoutUriError
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.policy import checked_content
from doorward.domain.outbox.models import Delivered, Refused, TryAgain

CONTENT = ClientContent("The App")


def test_an_accepted_or_refused_logout_is_not_retried() -> None:
    assert judge_answer(LogoutAnswer.TAKEN, 1) == Delivered()
    assert judge_answer(LogoutAnswer.REFUSED, 1) == Refused("refused")


@pytest.mark.parametrize("answer", [LogoutAnswer.FAILED, LogoutAnswer.UNANSWERED])
def test_a_logout_for_an_unavailable_server_is_retried_for_an_hour(answer: LogoutAnswer) -> None:
    outcomes = [judge_answer(answer, attempts) for attempts in range(1, len(DELAYS) + 1)]
    assert outcomes == [TryAgain(answer.value, delay=delay) for delay in DELAYS]
    assert judge_answer(answer, len(DELAYS) + 1) == Refused(answer.value)
    assert timedelta(minutes=59) <= sum(DELAYS, timedelta()) <= timedelta(hours=1)


@pytest.mark.parametrize(
    "uri", ["https://app.example/logout", "https://app.example:8443/a?b=c", "http://localhost:1/a"]
)
def test_a_valid_logout_uri_is_accepted(uri: str) -> None:
    assert checked_content(replace(CONTENT, backchannel_logout_uri=uri)).backchannel_logout_uri == uri


def test_an_empty_logout_uri_is_stored_as_none() -> None:
    assert checked_content(replace(CONTENT, backchannel_logout_uri="")).backchannel_logout_uri is None


@pytest.mark.parametrize(
    "uri",
    [
        *("http://app.example/logout", "com.example.app:/logout", "https://a:b@app.example/", "https://app.example/#a"),
        *("ftp://app.example/", "https://", "javascript:alert(1)", "/logout", "https://app.example/../a"),
        "https://app.example/" + "a" * 600,
    ],
)
def test_any_other_logout_uri_is_refused(uri: str) -> None:
    with pytest.raises(InvalidLogoutUriError):
        checked_content(replace(CONTENT, backchannel_logout_uri=uri))
