"""What people do on a day, and how many of them a core and a connection carry. Pure: costs are measured elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

SECONDS_OF_A_DAY: Final = 86_400
SECONDS_OF_AN_HOUR: Final = 3_600

LOGIN: Final = "login"
REFRESH: Final = "refresh"
ME: Final = "me"


@dataclass(frozen=True)
class Behaviour:
    """What is assumed of people. Each number is one to replace by your own.

    A visit that begins more than the life of an access token (30 minutes) after the last one refreshes once; a longer
    visit once more for each 30 minutes. Passwords are typed when a device is new, its storage was emptied or its owner
    had logged out: the service itself asks after 7 days without a visit, or 90 days.
    """

    present: float = 0.3
    """Of all users, who is there on a day."""
    visits: float = 4.0
    """Of one of these on that day, each shorter than 30 minutes: one refresh."""
    me_of_a_visit: float = 5.0
    """Pages or services that ask who it is. Services that verify access tokens by themselves ask nothing."""
    logins: float = 1 / 7
    """On a day: one a week."""
    peak: float = 5.0
    """Calls at the busiest hour by those of an average one."""
    use: float = 0.7
    """How much of a core, and of a connection's time, is planned for. The rest is for what is uneven."""
    session_days: float = 120.0
    """For how long the row of a session stays: it lives for 90 days at most, and its end is kept for 30."""

    def calls(self) -> Mapping[str, float]:
        """Return the calls of one person on a day, by kind."""
        return {LOGIN: self.logins, REFRESH: self.visits, ME: self.visits * self.me_of_a_visit}

    def shares(self) -> Mapping[str, float]:
        """Return which part of all calls each kind is."""
        calls = self.calls()
        return {kind: number / sum(calls.values()) for kind, number in calls.items()}


@dataclass(frozen=True)
class Costs:
    """What was measured of one call of the mix, on average, and of a login alone."""

    service_seconds: float
    """Of a core."""
    database_seconds: float
    """Of a core, for PostgreSQL."""
    connection_seconds: float
    """For how long it keeps a connection busy."""
    login_seconds: float
    """Of a core, for a login: nearly all of it is the hash."""
    user_bytes: float
    session_bytes: float
    wal_bytes: float
    """Of PostgreSQL's write-ahead log, which standbys receive and archives keep."""


@dataclass(frozen=True)
class Size:
    """What a number of users needs at the busiest hour."""

    users: int
    present: float
    calls: float
    """A second."""
    logins: float
    """A second."""
    cores: float
    """With the planned use."""
    copies: int
    """Of one core each: two at least, and enough when one zone of three is lost."""
    busy_connections: float
    database_cores: float
    user_bytes: float
    session_bytes: float
    wal_bytes: float
    """A second."""
    storm_cores: float
    """Were all who are there on a day to log in within one hour."""


def people_per_core(behaviour: Behaviour, costs: Costs) -> float:
    """Return how many people who are there on a day one core of the service carries at the busiest hour."""
    return _people(behaviour, costs.service_seconds)


def people_per_connection(behaviour: Behaviour, costs: Costs) -> float:
    """Return how many of them one connection to PostgreSQL carries."""
    return _people(behaviour, costs.connection_seconds)


def _people(behaviour: Behaviour, seconds_of_a_call: float) -> float:
    calls_a_second = sum(behaviour.calls().values()) * behaviour.peak / SECONDS_OF_A_DAY
    return behaviour.use / (calls_a_second * seconds_of_a_call)


def size_of(users: int, behaviour: Behaviour, costs: Costs) -> Size:
    """Return what that many users need."""
    present = users * behaviour.present
    per_person = behaviour.peak / SECONDS_OF_A_DAY
    calls = present * sum(behaviour.calls().values()) * per_person
    cores = present / people_per_core(behaviour, costs)
    return Size(
        users=users,
        present=present,
        calls=calls,
        logins=present * behaviour.logins * per_person,
        cores=cores,
        copies=max(2, ceil(cores * 3 / 2)),
        busy_connections=calls * costs.connection_seconds,
        database_cores=calls * costs.database_seconds / behaviour.use,
        user_bytes=users * costs.user_bytes,
        session_bytes=present * behaviour.logins * behaviour.session_days * costs.session_bytes,
        wal_bytes=calls * costs.wal_bytes,
        storm_cores=present / SECONDS_OF_AN_HOUR * costs.login_seconds,
    )
