"""fastapi-users with SQLAlchemy: its full example, with both of its strategies.

PASSWORD_HASH=bcrypt selects the service's hash; otherwise the default, Argon2id, is used. Each process creates missing
tables.
"""

import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.authentication.strategy.db import AccessTokenDatabase, DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from pwdlib import PasswordHash
from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

SECRET = os.environ["PEER_KEY"]
LIFETIME_SECONDS = 3600
engine = create_async_engine(os.environ["DATABASE_URL"])
make_session = async_sessionmaker(engine, expire_on_commit=False)


class Model(DeclarativeBase):
    """The declarative base of the tables."""


class User(SQLAlchemyBaseUserTableUUID, Model):
    """An account."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Model):
    """A token of the database strategy."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """An account in answers."""


class UserCreate(schemas.BaseUserCreate):
    """A new account."""


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """The library's own manager, without mail."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def database_session() -> AsyncGenerator[AsyncSession, None]:
    """Yield a session of SQLAlchemy."""
    async with make_session() as session:
        yield session


async def user_database(
    session: Annotated[AsyncSession, Depends(database_session)],
) -> AsyncGenerator[SQLAlchemyUserDatabase[User, uuid.UUID], None]:
    """Yield the database of accounts."""
    yield SQLAlchemyUserDatabase(session, User)


async def access_token_database(
    session: Annotated[AsyncSession, Depends(database_session)],
) -> AsyncGenerator[SQLAlchemyAccessTokenDatabase[AccessToken], None]:
    """Yield the database of the database strategy's tokens."""
    yield SQLAlchemyAccessTokenDatabase(session, AccessToken)


async def user_manager(
    database: Annotated[SQLAlchemyUserDatabase[User, uuid.UUID], Depends(user_database)],
) -> AsyncGenerator[UserManager, None]:
    """Yield the user manager."""
    is_bcrypt = os.environ.get("PASSWORD_HASH") == "bcrypt"
    yield UserManager(database, PasswordHelper(PasswordHash((BcryptHasher(12),))) if is_bcrypt else None)


def jwt_strategy() -> JWTStrategy[User, uuid.UUID]:
    """Return the strategy with signed tokens."""
    return JWTStrategy(secret=SECRET, lifetime_seconds=LIFETIME_SECONDS)


def database_strategy(
    database: Annotated[AccessTokenDatabase[AccessToken], Depends(access_token_database)],
) -> DatabaseStrategy[User, uuid.UUID, AccessToken]:
    """Return the strategy with stored tokens."""
    return DatabaseStrategy(database, lifetime_seconds=LIFETIME_SECONDS)


def backend(name: str, strategy: Any) -> AuthenticationBackend[User, uuid.UUID]:  # noqa: ANN401 - either of the two
    """Return the backend with bearer tokens of one strategy."""
    return AuthenticationBackend(name=name, transport=BearerTransport(f"/{name}/login"), get_strategy=strategy)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Create the tables."""
    async with engine.begin() as connection:
        await connection.run_sync(Model.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
with_jwt, with_database = backend("jwt", jwt_strategy), backend("database", database_strategy)
app.include_router(FastAPIUsers[User, uuid.UUID](user_manager, []).get_register_router(UserRead, UserCreate))
for each in (with_jwt, with_database):
    users = FastAPIUsers[User, uuid.UUID](user_manager, [each])
    app.include_router(users.get_auth_router(each), prefix=f"/{each.name}")
    app.include_router(users.get_users_router(UserRead, UserRead), prefix=f"/{each.name}")
