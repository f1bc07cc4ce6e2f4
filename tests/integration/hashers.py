"""Hashers that fail, that change something at a moment that a test chooses, or that record their calls."""

from collections.abc import Awaitable, Callable
from typing import Any

from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordCheck
from doorward.infrastructure.passwords import BcryptHasher


class FailingHasher(BcryptHasher):
    """Raises an error instead of computing a hash."""

    def __init__(self, error: Exception) -> None:
        super().__init__(rounds=4, threads=1)
        self._error = error

    async def hash(self, *_: Any, **__: Any) -> str:
        raise self._error

    async def check(self, *_: Any, **__: Any) -> PasswordCheck:
        raise self._error


class InterruptedHasher(BcryptHasher):
    """Runs a function after each check of a password, before the login continues."""

    def __init__(self, interrupt: Callable[[], Awaitable[object]]) -> None:
        super().__init__(rounds=4, threads=1)
        self._interrupt = interrupt

    async def check(
        self, password: str, stored_hash: str | None, *, client: Client = NO_CLIENT, account: str = ""
    ) -> PasswordCheck:
        result = await super().check(password, stored_hash, client=client, account=account)
        await self._interrupt()
        return result


class RecordingHasher(BcryptHasher):
    """Records the address and the account of each check of a password, and of each new hash."""

    def __init__(self) -> None:
        super().__init__(rounds=4, threads=1)
        self.checks: list[tuple[str, str]] = []
        self.hashes: list[tuple[str, str]] = []

    async def hash(self, password: str, *, client: Client = NO_CLIENT, account: str = "") -> str:
        self.hashes.append((client.address, account))
        return await super().hash(password, client=client, account=account)

    async def check(
        self, password: str, stored_hash: str | None, *, client: Client = NO_CLIENT, account: str = ""
    ) -> PasswordCheck:
        self.checks.append((client.address, account))
        return await super().check(password, stored_hash, client=client, account=account)
