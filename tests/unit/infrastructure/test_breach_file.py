"""A file of breached passwords: exactly its passwords are found, and a malformed file is reported."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.domain.auth.ports import BreachesUnavailableError
from doorward.infrastructure.breached_passwords import BreachFile
from tests.integration.breach_server import digest_of


def written(path: Path, passwords: set[str], line_end: str = "\n") -> BreachFile:
    lines = sorted(f"{digest_of(each)}:{len(each)}" for each in passwords)
    path.write_bytes("".join(f"{line}{line_end}" for line in lines).encode())
    return BreachFile(path)


@given(
    passwords=st.sets(st.text(max_size=20).filter(str.isprintable), min_size=1, max_size=60),
    others=st.sets(st.text(max_size=20).filter(str.isprintable), max_size=20),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
async def test_exactly_the_passwords_of_the_file_are_found(
    tmp_path: Path, passwords: set[str], others: set[str], line_end: str
) -> None:
    file = written(tmp_path / "list.txt", passwords, line_end)
    file.check()
    for each in passwords | others:
        assert await file.contains(each) is (each in passwords), each


async def test_digests_may_be_in_lower_case_without_counts_and_without_a_last_line_end(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\n".join(sorted(digest_of(each).lower() for each in ("one", "two", "three"))))
    assert [await BreachFile(path).contains(each) for each in ("one", "two", "three", "four")] == [True] * 3 + [False]


@pytest.mark.parametrize(
    "content",
    ["", "password\n", "x" * 1000, "0" * 39 + "\n", "0" * 41 + "\n"],
    ids=["empty", "word", "long", "39", "41"],
)
def test_a_file_of_another_format_is_refused_at_startup(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.txt").write_text(content)
    with pytest.raises(BreachesUnavailableError, match="malformed"):
        BreachFile(tmp_path / "list.txt").check()


def test_an_unsorted_file_is_refused_if_the_search_misses_its_first_line(tmp_path: Path) -> None:
    lines = sorted((digest_of(str(number)) for number in range(50)), reverse=True)
    (tmp_path / "list.txt").write_text("\n".join(lines))
    with pytest.raises(BreachesUnavailableError, match="malformed"):
        BreachFile(tmp_path / "list.txt").check()


async def test_a_missing_file_raises_and_accepts_no_password(tmp_path: Path) -> None:
    with pytest.raises(BreachesUnavailableError, match="unreadable"):
        BreachFile(tmp_path / "none.txt").check()
    with pytest.raises(BreachesUnavailableError, match="unreadable"):
        await BreachFile(tmp_path / "none.txt").contains("password")


async def test_a_file_can_be_replaced_while_the_service_runs(tmp_path: Path) -> None:
    file = written(tmp_path / "list.txt", {"one"})
    written(tmp_path / "newer.txt", {"two"})
    (tmp_path / "newer.txt").rename(tmp_path / "list.txt")
    assert [await file.contains(each) for each in ("one", "two")] == [False, True]
