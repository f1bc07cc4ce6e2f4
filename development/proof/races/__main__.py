"""`python -m development.proof.races`: run the races against two processes, and report faults."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from development.proof.races import administration, oauth_clients, signing_keys, webhooks
from development.proof.races.administrators import Administrators
from development.proof.races.contests import (
    End,
    bar_and_let_in_again,
    ended_meanwhile,
    log_out,
    one_name,
    one_token,
    right_passwords,
    wrong_passwords,
)
from development.proof.races.email_changes import (
    Mailboxes,
    change_the_email,
    judge,
    meet_a_reset,
    meet_another_change,
    meet_logins,
    use_both_links,
    use_one_link,
)
from development.proof.races.email_changes import Race as EmailRace
from development.proof.races.factors import FactorRaces
from development.proof.races.factors import Race as FactorRace
from development.proof.races.foreign_subjects import ForeignIssuer, foreign_issuer, one_subject
from development.proof.races.mailed import Mail, mailing, one_reset, one_verification, reset
from development.proof.races.own_account import (
    end_all,
    end_others,
    leave_and_come_back,
    one_password,
    one_restore,
    set_another_password,
)
from development.proof.races.sign_ins import SignInRaces
from development.proof.service import (
    ADMINISTRATION,
    codec_of,
    own_database,
    proof_settings,
    running_service,
    tokens_of,
)
from development.proof.skewed_hosts import AHEAD, BEHIND, CLOCKS_NOT_EXERCISED, find_libfaketime, remove_leftovers
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from doorward.observability.logging import configure_logging
from doorward.settings.config import Settings, settings_from

LEEWAY_SECONDS: Final = 60
"""The longest possible leeway: all uses have to fall within it."""

PARALLEL: Final = 4
"""Number of concurrent races, where one race has few concurrent calls itself."""

DEAD_LETTERS: Final = 3000
"""More than one statement changes."""

REPLAYED: Final = 20
"""The number of users whose events are replayed."""

Race = Callable[[], Coroutine[Any, Any, list[str]]]


def main() -> int:
    """Return 0 if every race ended correctly, else 1."""
    options = _read_options()
    configure_logging("critical", "json")
    with ExitStack() as stack:
        database_url = stack.enter_context(own_database())
        issuer = stack.enter_context(foreign_issuer())
        strict = proof_settings(database_url, **ADMINISTRATION, TRUSTED_ISSUERS=issuer.setting())
        lenient = proof_settings(database_url, REFRESH_TOKEN_REUSE_LEEWAY_SECONDS=str(LEEWAY_SECONDS))
        urls = [stack.enter_context(running_service(strict)) for _ in range(2)]
        lenient_urls = [stack.enter_context(running_service(lenient)) for _ in range(2)]
        bar = partial(bar_and_let_in_again, _read(strict))
        within_the_leeway = partial(one_token, lenient_urls, options.uses, leeway_seconds=LEEWAY_SECONDS)
        races: list[tuple[str, int, int, Race]] = [
            ("one token, strict", options.rounds, 1, lambda: one_token(urls, options.uses)),
            ("one token, leeway", options.rounds, 1, within_the_leeway),
            *_races_of_names_and_passwords(urls, options),
            ("refresh against logout", options.ends, PARALLEL, lambda: ended_meanwhile(urls, log_out)),
            *_races_with_own_account(urls, options.ends // 4),
            *_races_of_factors(FactorRaces(urls, database_url), options.ends // 4),
            *_races_of_sign_ins(SignInRaces(urls, _read(strict), database_url), options),
            *_races_of_mails(urls, options, mailing(database_url, tokens_of(strict))),
            *_races_of_email_changes(urls, options, Mailboxes(database_url, tokens_of(strict))),
            *_races_of_administrators(urls, options, Administrators(database_url, codec_of(strict)), issuer),
            ("refresh against deactivation", options.ends, PARALLEL, lambda: ended_meanwhile(urls, bar)),
        ]
        chosen = [race for race in races if race[0].startswith(options.only)]
        outcomes = [0, *(_run(*race) for race in chosen)]
        if options.only:
            return max(outcomes)
        outcomes.append(_race_for_signing_keys(database_url, strict))
        return max([*outcomes, *_race_where_clocks_differ(options, strict, lenient)])


def _races_of_names_and_passwords(urls: list[str], options: argparse.Namespace) -> list[tuple[str, int, int, Race]]:
    """Return the races of registrations, logins, password changes, and restored accounts."""
    return [
        ("one name", options.rounds, 1, lambda: one_name(urls, options.claims, max(1, options.claims // 4))),
        ("right passwords", options.rounds, 1, lambda: right_passwords(urls)),
        ("wrong passwords", options.rounds, 1, lambda: wrong_passwords(urls, options.guesses)),
        ("one password", options.rounds, 1, lambda: one_password(urls, options.changes)),
        ("one restore token", options.rounds, 1, lambda: one_restore(urls, options.changes)),
    ]


def _races_with_own_account(urls: list[str], ends: int) -> list[tuple[str, int, int, Race]]:
    """Return the races of a refresh against actions of the user in another session."""
    return [
        ("refresh against another password", ends, PARALLEL, lambda: ended_meanwhile(urls, set_another_password)),
        ("refresh against the end of all others", ends, PARALLEL, lambda: ended_meanwhile(urls, end_others)),
        ("refresh against a deletion", ends, PARALLEL, lambda: ended_meanwhile(urls, leave_and_come_back)),
        ("refresh against the end of all", ends, PARALLEL, lambda: ended_meanwhile(urls, end_all)),
    ]


def _races_of_mails(urls: list[str], options: argparse.Namespace, mail: Mail) -> list[tuple[str, int, int, Race]]:
    """Return the races of mailed links, and of a refresh against a reset."""
    return [
        ("one reset", options.rounds, 1, lambda: one_reset(urls, options.changes, mail)),
        ("one verification", options.rounds, 1, lambda: one_verification(urls, LOGIN_CURVE.free, mail)),
        ("refresh against a reset", options.ends // 4, PARALLEL, lambda: ended_meanwhile(urls, partial(reset, mail))),
    ]


def _races_of_email_changes(
    urls: list[str], options: argparse.Namespace, mailboxes: Mailboxes
) -> list[tuple[str, int, int, Race]]:
    """Return the races of address changes, and of a refresh against one."""

    async def judged(race: Coroutine[Any, Any, EmailRace]) -> list[str]:
        return await judge(urls, await race)

    uses, ends, end = options.changes, options.ends // 4, partial(change_the_email, mailboxes)
    return [
        ("one change of the address", options.rounds, 1, lambda: judged(use_one_link(urls, uses, mailboxes))),
        ("both mailboxes", options.rounds, 1, lambda: judged(use_both_links(urls, uses, mailboxes))),
        ("change against logins", ends, PARALLEL, lambda: judged(meet_logins(urls, mailboxes))),
        ("change against a reset", ends, PARALLEL, lambda: judged(meet_a_reset(urls, mailboxes))),
        ("change against another one", ends, PARALLEL, lambda: judged(meet_another_change(urls, mailboxes))),
        ("refresh against another address", ends, PARALLEL, lambda: ended_meanwhile(urls, end)),
    ]


def _races_of_factors(races: FactorRaces, rounds: int) -> list[tuple[str, int, int, Race]]:
    """Return the races of second factors."""

    def judged(play: Callable[[], Awaitable[FactorRace]]) -> Race:
        async def race() -> list[str]:
            return await races.judge(await play())

        return race

    return [(f"second factors, {name}", rounds, PARALLEL, judged(play)) for name, play in races.all().items()]


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m development.proof.races", description=__doc__)
    parser.add_argument("--uses", type=int, default=1000, help="uses of one refresh token (default: %(default)s)")
    parser.add_argument("--claims", type=int, default=200, help="claims of one user name (default: %(default)s)")
    parser.add_argument("--guesses", type=int, default=500, help="guesses of one password (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=100, help="changes of one password (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of these races (default: %(default)s)")
    parser.add_argument("--ends", type=int, default=1000, help="ended sessions in refreshes (default: %(default)s)")
    only = "the races with this prefix, on hosts with one clock (default: all)"
    parser.add_argument("--only", default="", help=only)
    return parser.parse_args()


def _races_of_sign_ins(races: SignInRaces, options: argparse.Namespace) -> list[tuple[str, int, int, Race]]:
    """Return the races of sign-ins to applications; those of single-use values have many uses in each round."""

    def race(play: Callable[[], Awaitable[list[str]]]) -> Race:
        async def run() -> list[str]:
            return await play()

        return run

    return [
        (f"sign-ins, {name}", options.rounds if name.startswith("one") else options.ends // 4, 1, race(play))
        for name, play in races.all().items()
    ]


def _read(settings: dict[str, str]) -> Settings:
    return settings_from({name.lower(): value for name, value in settings.items()})


def _races_of_administrators(
    urls: list[str], options: argparse.Namespace, people: Administrators, issuer: ForeignIssuer
) -> list[tuple[str, int, int, Race]]:
    """Return the races of administrators, webhooks and foreign subjects, and of a refresh against administrators."""
    ends, rounds = options.ends // 4, options.rounds

    def against(end: End) -> Race:
        return lambda: ended_meanwhile(urls, end)

    return [
        # Run these one at a time: they depend on the number of administrators.
        ("administrators against each other", ends, 1, lambda: administration.remove_each_other(urls, people)),
        ("administrators who leave", ends, 1, lambda: administration.leave_together(urls, people)),
        ("the role against an act", ends, PARALLEL, lambda: administration.take_the_role(urls, people)),
        ("one invitation", rounds, 1, lambda: administration.one_invitation(urls, people, options.changes)),
        ("one version", ends, PARALLEL, lambda: administration.one_version(urls, people)),
        ("a role against its grant", ends, PARALLEL, lambda: administration.remove_a_granted_role(urls, people)),
        ("deactivation against logins", ends, PARALLEL, lambda: administration.deactivate_during_logins(urls, people)),
        ("one subject", rounds, 1, lambda: one_subject(urls, options.claims, issuer, people)),
        ("rotations of one secret", rounds, 1, lambda: oauth_clients.rotate_together(urls, people, options.changes)),
        ("one version of a client", rounds, 1, lambda: oauth_clients.one_version(urls, people, options.changes // 3)),
        ("retry of all dead letters", rounds, 1, lambda: webhooks.retry_all(urls, people, DEAD_LETTERS)),
        ("retry of one dead letter", rounds, 1, lambda: webhooks.retry_one(urls, people, options.changes)),
        ("replay", rounds, 1, lambda: webhooks.replay(urls, people, REPLAYED)),
        *(
            (f"refresh against {name}", ends, PARALLEL, against(end))
            for name, end in administration.ends_of_sessions(people).items()
        ),
    ]


def _race_for_signing_keys(database_url: str, strict: dict[str, str]) -> int:
    """Run the race between one copy for each algorithm, which change the keys of the shared database."""
    people, issuer = Administrators(database_url, codec_of(strict)), strict["PUBLIC_URL"]
    with ExitStack() as stack:
        settings = [{**strict, "ALGORITHM": algorithm} for algorithm in signing_keys.ALGORITHMS]
        urls = [stack.enter_context(running_service(each)) for each in settings]
        return _run("changes of signing keys", 1, 1, lambda: signing_keys.change_under_load(urls, people, issuer))


def _race_where_clocks_differ(
    options: argparse.Namespace, strict: dict[str, str], lenient: dict[str, str]
) -> list[int]:
    """Run the races of hosts whose clocks differ, if libfaketime is installed."""
    library = find_libfaketime()
    if library is None:
        print(f"races: {CLOCKS_NOT_EXERCISED}", flush=True)
        return []
    try:
        return _race_on_skewed_hosts(options, strict, lenient, [host.environment(library) for host in (AHEAD, BEHIND)])
    finally:
        remove_leftovers()


def _race_on_skewed_hosts(
    options: argparse.Namespace, strict: dict[str, str], lenient: dict[str, str], hosts: list[dict[str, str]]
) -> list[int]:
    """Run the races that compare times or tokens of two copies, between hosts whose clocks differ."""
    with ExitStack() as stack:
        urls = [stack.enter_context(running_service(strict, host)) for host in hosts]
        lenient_urls = [stack.enter_context(running_service(lenient, host)) for host in hosts]
        within_the_leeway = partial(one_token, lenient_urls[::-1], options.uses, leeway_seconds=LEEWAY_SECONDS)
        ends = options.ends // 4
        races: list[tuple[str, int, int, Race]] = [
            ("one token, strict, clocks apart", options.rounds, 1, lambda: one_token(urls, options.uses)),
            ("one token, leeway, clocks apart", options.rounds, 1, within_the_leeway),
            ("refresh against logout, clocks apart", ends, PARALLEL, lambda: ended_meanwhile(urls, log_out)),
        ]
        return [_run(*race) for race in races]


def _run(name: str, rounds: int, parallel: int, race: Race) -> int:
    began = time.monotonic()

    async def run() -> list[str]:
        wrong: list[str] = []
        for number in range(0, rounds, parallel):
            for lines in await asyncio.gather(*(race() for _ in range(min(parallel, rounds - number)))):
                wrong += lines
        return wrong

    wrong = asyncio.run(run())
    seconds = time.monotonic() - began
    print(f"races, {name}: {rounds} rounds, {len(wrong)} wrong, {seconds:.1f} s", *wrong, sep="\n  ", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
