"""The sources of settings, their precedence, and the rules for files with secrets."""

import os
import secrets
from pathlib import Path

import pytest

from doorward.settings.config import SECRETS, SettingsError
from doorward.settings.sources import MAXIMUM_SECRET_FILE_BYTES
from tests.unit.settings.budget_defaults import OTHERS_OF_MAIL
from tests.unit.settings.loading import load_settings

MARK = "marked-and-never-to-be-shown"
KEY = secrets.token_urlsafe(48)


@pytest.fixture(autouse=True)
def environment(clean_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return clean_environment


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """Return the folder of mounted secrets."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def _problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert MARK not in str(refusal.value)
    return refusal.value.problems


def _write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_each_source_overrides_those_before_it(environment: pytest.MonkeyPatch, mounted: Path, tmp_path: Path) -> None:
    environment.setenv("ENVIRONMENT", "development")
    found = [(load_settings().tokens.jwt_issuer, load_settings().origin_of("jwt_issuer"))]
    _write(tmp_path / ".env", "JWT_ISSUER=of-the-file\n")
    found.append((load_settings().tokens.jwt_issuer, load_settings().origin_of("jwt_issuer")))
    environment.setenv("JWT_ISSUER", "of-the-environment")
    found.append((load_settings().tokens.jwt_issuer, load_settings().origin_of("jwt_issuer")))
    path = _write(mounted / "jwt_issuer", "of-the-mount\n")
    found.append((load_settings().tokens.jwt_issuer, load_settings().origin_of("jwt_issuer")))
    assert found == [
        (None, "default"),
        ("of-the-file", ".env"),
        ("of-the-environment", "environment"),
        ("of-the-mount", str(path)),
    ]


def test_a_named_file_overrides_the_folder(environment: pytest.MonkeyPatch, mounted: Path, tmp_path: Path) -> None:
    _write(mounted / "secret_key", secrets.token_urlsafe(48))
    path = _write(tmp_path / "key", KEY)
    environment.setenv("SECRET_KEY_FILE", str(path))
    settings = load_settings()
    assert settings.keys.secret_key.get_secret_value() == KEY
    assert settings.origin_of("secret_key") == f"SECRET_KEY_FILE, {path}"


def test_the_variable_may_name_the_file_in_the_folder(environment: pytest.MonkeyPatch, mounted: Path) -> None:
    environment.setenv("SECRET_KEY_FILE", str(_write(mounted / "secret_key", KEY)))
    assert load_settings().keys.secret_key.get_secret_value() == KEY


def test_the_variable_that_names_a_file_may_be_in_the_environment_file(tmp_path: Path) -> None:
    _write(tmp_path / "key", KEY)
    _write(tmp_path / ".env", "SECRET_KEY_FILE=key\n")
    assert load_settings().keys.secret_key.get_secret_value() == KEY


@pytest.mark.parametrize("spelling", ["secret_key", "SECRET_KEY", "Secret_Key"])
def test_names_of_files_in_the_folder_are_case_insensitive(mounted: Path, spelling: str) -> None:
    _write(mounted / spelling, KEY)
    assert load_settings().keys.secret_key.get_secret_value() == KEY


def test_a_setting_in_the_folder_twice_is_refused(mounted: Path) -> None:
    _write(mounted / "secret_key", KEY)
    _write(mounted / "SECRET_KEY", KEY)
    assert _problems() == (f"SECRET_KEY is in {mounted} twice, in two spellings. Remove one",)


def test_secrets_that_kubernetes_mounts_are_read(mounted: Path) -> None:
    """Kubernetes mounts links to a folder whose name changes with every version of the secret."""
    version = mounted / "..2026_11_21"
    version.mkdir()
    _write(version / "secret_key", KEY)
    (mounted / "..data").symlink_to(version.name)
    (mounted / "secret_key").symlink_to("..data/secret_key")
    (mounted / "kubernetes.io").mkdir()
    assert load_settings().keys.secret_key.get_secret_value() == KEY


@pytest.mark.parametrize("place", [".env", "environment"])
def test_a_secret_and_its_file_together_are_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    if place == ".env":
        _write(tmp_path / ".env", f"SECRET_KEY={KEY}\n")
    else:
        environment.setenv("SECRET_KEY", KEY)
    environment.setenv("SECRET_KEY_FILE", str(_write(tmp_path / "key", KEY)))
    assert _problems() == ("SECRET_KEY and SECRET_KEY_FILE are both set. Keep one of them",)


def test_an_empty_secret_beside_its_file_counts_as_unset(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SECRET_KEY", "")
    environment.setenv("SECRET_KEY_FILE", str(_write(tmp_path / "key", KEY)))
    assert load_settings().keys.secret_key.get_secret_value() == KEY


def test_an_empty_name_of_a_file_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SECRET_KEY", KEY)
    environment.setenv("SECRET_KEY_FILE", "")
    assert load_settings().origin_of("secret_key") == "environment"


VALUES = {
    "database_url": "postgresql://ada:of-the-file@db.internal/doorward",
    "rate_limit_storage_uri": "redis://:of-the-file@cache.internal",
    "rabbitmq_url": "amqps://ada:of-the-file@rabbitmq.internal",
}


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_be_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    value = VALUES.get(name, KEY)
    environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    environment.delenv(name.upper(), raising=False)
    environment.setenv(f"{name.upper()}_FILE", str(_write(tmp_path / "secret", f"{value}\n")))
    if name == "smtp_password":
        for other, text in OTHERS_OF_MAIL.items():
            environment.setenv(other, text)
    read = dict(load_settings().values())[name]
    assert [each.get_secret_value() for each in (read if isinstance(read, tuple) else (read,))] == [value]


def test_secrets_are_the_settings_with_a_masked_value() -> None:
    assert set(SECRETS) >= {
        "secret_key",
        "database_url",
        "postgres_password",
        "rate_limit_storage_uri",
    }
    assert "jwt_issuer" not in SECRETS


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_the_line_end_of_a_file_is_not_part_of_the_value(mounted: Path, end: str) -> None:
    (mounted / "secret_key").write_bytes(f"{KEY}{end}".encode())
    assert load_settings().keys.secret_key.get_secret_value() == KEY


def test_spaces_are_part_of_the_value(mounted: Path) -> None:
    _write(mounted / "secret_key", f" {KEY} \n")
    assert load_settings().keys.secret_key.get_secret_value() == f" {KEY} "


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (MARK.encode() + b"\xff\xfe", "is not UTF-8 text"),
        (MARK.encode() * MAXIMUM_SECRET_FILE_BYTES, "is larger than 64 KiB"),
        (MARK.encode("utf-8-sig"), "begins with a byte order mark"),
        (MARK.encode("utf-16"), "begins with a byte order mark"),
        (MARK.encode("utf-16-be"), "holds an invisible character, U+0000"),
        (MARK.encode("utf-32"), "begins with a byte order mark"),
        (MARK.encode() + b"\0\n", "holds an invisible character, U+0000"),
        (f"{MARK}\u200b\n".encode(), "holds an invisible character, U+200B"),
        (f"\n\ufeff{MARK}".encode(), "holds an invisible character, U+FEFF"),
    ],
    ids=[
        "empty",
        "a line end",
        "not text",
        "too large",
        *["UTF-8 with BOM", "UTF-16", "UTF-16 without BOM"],
        *["UTF-32", "NUL", "zero-width space", "BOM in the middle"],
    ],
)
@pytest.mark.parametrize("is_mounted", [True, False])
def test_a_file_without_a_usable_secret_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, mounted: Path, tmp_path: Path, content: bytes, reason: str, *, is_mounted: bool
) -> None:
    path = mounted / "secret_key" if is_mounted else tmp_path / "key"
    path.write_bytes(content)
    if not is_mounted:
        environment.setenv("SECRET_KEY_FILE", str(path))
    (problem,) = _problems()
    assert "SECRET_KEY" in problem
    assert reason in problem


def test_the_largest_file_is_read(mounted: Path) -> None:
    _write(mounted / "secret_key", secrets.token_hex(MAXIMUM_SECRET_FILE_BYTES // 2))
    assert len(load_settings().keys.secret_key.get_secret_value()) == MAXIMUM_SECRET_FILE_BYTES


@pytest.mark.parametrize("path", ["missing", "file/below", "x" * 5000])
def test_a_file_that_cannot_be_opened_is_reported_without_its_name_which_may_be_the_secret(
    environment: pytest.MonkeyPatch, tmp_path: Path, path: str
) -> None:
    _write(tmp_path / "file", KEY)
    environment.setenv("SECRET_KEY_FILE", path if path != "missing" else MARK)
    (problem,) = _problems()
    assert problem.startswith("The file that SECRET_KEY_FILE names cannot be read: ")
    assert path not in problem
    assert "Example: " in problem


def test_a_folder_in_place_of_a_file_is_reported_in_one_line(mounted: Path) -> None:
    (mounted / "secret_key").mkdir()
    (problem,) = _problems()
    assert problem.startswith(f"SECRET_KEY in {mounted} is not a regular file")


def test_a_broken_link_is_reported_in_one_line(mounted: Path) -> None:
    (mounted / "secret_key").symlink_to("gone")
    (problem,) = _problems()
    assert problem.startswith(f"SECRET_KEY in {mounted} cannot be read: No such file")


def test_only_regular_files_are_opened_so_that_no_pipe_blocks_startup(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SECRET_KEY_FILE", os.devnull)
    (problem,) = _problems()
    assert "is not a regular file" in problem


def test_an_unreadable_secret_is_not_replaced_by_that_of_a_weaker_source(
    environment: pytest.MonkeyPatch, mounted: Path
) -> None:
    environment.setenv("ENVIRONMENT", "development")
    environment.setenv("SECRET_KEY", KEY)
    _write(mounted / "secret_key", "")
    assert len(_problems()) == 1


def test_a_folder_of_secrets_that_cannot_be_listed_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, mounted: Path
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    environment.setenv("SECRET_KEY", KEY)
    environment.setattr(Path, "iterdir", refuse)
    assert _problems() == (f"{mounted} cannot be read: Permission denied. Correct its rights",)


def test_an_environment_file_that_cannot_be_read_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    _write(tmp_path / ".env", f"SECRET_KEY={KEY}\n")
    environment.setattr(Path, "open", refuse)
    assert _problems() == (".env cannot be read: Permission denied. Correct its rights, or remove it",)


def test_a_misspelt_file_of_the_folder_is_reported_with_a_suggestion(mounted: Path) -> None:
    _write(mounted / "secret_keys", KEY)
    assert "secret_keys is not a setting: did you mean SECRET_KEY?" in _problems()


def test_a_misspelt_name_of_a_file_is_reported_with_a_suggestion(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SECRET_KEY", KEY)
    environment.setenv("POSTGRES_PASWORD_FILE", "/run/secrets/postgres_password")
    assert _problems() == ("POSTGRES_PASWORD_FILE is not a setting: did you mean POSTGRES_PASSWORD_FILE?",)


def test_files_of_other_programs_are_ignored(environment: pytest.MonkeyPatch, mounted: Path) -> None:
    environment.setenv("SECRET_KEY", KEY)
    _write(mounted / "tls.crt", "")
    _write(mounted / "redhat.repo", "")
    assert load_settings().origin_of("secret_key") == "environment"


def test_a_weak_secret_in_a_mounted_file_is_refused(mounted: Path) -> None:
    _write(mounted / "secret_key", "changeme")
    (problem,) = _problems()
    assert problem.startswith("SECRET_KEY is shorter than 32 bytes")


def test_an_environment_file_with_a_byte_order_mark_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_bytes(f"SECRET_KEY={KEY}\n".encode("utf-8-sig"))
    assert _problems() == (".env begins with a byte order mark, so its first name would be lost. Save it without",)
