"""How long a client's server is told again, and which addresses can be told. Pure."""

from dataclasses import replace
from datetime import timedelta

import pytest

from doorward.domain.oauth.backchannel_logout import DELAYS, LogoutAnswer, judge_answer
from doorward.domain.oauth.exceptions import InvalidLogoutUriError
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.policy import checked_content
from doorward.domain.outbox.models import Delivered, Refused, TryAgain

CONTENT = ClientContent("The App")


def test_what_was_taken_or_refused_is_not_sent_again() -> None:
    assert judge_answer(LogoutAnswer.TAKEN, 1) == Delivered()
    assert judge_answer(LogoutAnswer.REFUSED, 1) == Refused("refused")


@pytest.mark.parametrize("answer", [LogoutAnswer.FAILED, LogoutAnswer.UNANSWERED])
def test_a_server_that_is_away_is_told_for_an_hour(answer: LogoutAnswer) -> None:
    outcomes = [judge_answer(answer, attempts) for attempts in range(1, len(DELAYS) + 1)]
    assert outcomes == [TryAgain(answer.value, delay=delay) for delay in DELAYS]
    assert judge_answer(answer, len(DELAYS) + 1) == Refused(answer.value)
    assert timedelta(minutes=59) <= sum(DELAYS, timedelta()) <= timedelta(hours=1)


@pytest.mark.parametrize(
    "uri", ["https://app.example/logout", "https://app.example:8443/a?b=c", "http://localhost:1/a"]
)
def test_an_address_of_a_server_can_be_told(uri: str) -> None:
    assert checked_content(replace(CONTENT, backchannel_logout_uri=uri)).backchannel_logout_uri == uri


def test_an_empty_address_is_none() -> None:
    assert checked_content(replace(CONTENT, backchannel_logout_uri="")).backchannel_logout_uri is None


@pytest.mark.parametrize(
    "uri",
    [
        *("http://app.example/logout", "com.example.app:/logout", "https://a:b@app.example/", "https://app.example/#a"),
        *("ftp://app.example/", "https://", "javascript:alert(1)", "/logout", "https://app.example/../a"),
        "https://app.example/" + "a" * 600,
    ],
)
def test_any_other_cannot(uri: str) -> None:
    with pytest.raises(InvalidLogoutUriError):
        checked_content(replace(CONTENT, backchannel_logout_uri=uri))
