"""How people use the service in a day, and how many of them a core and a connection carry.

Pure: costs are parameters.
"""

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
    """Assumptions about the users. Replace each number by your own.

    A visit that begins more than the life of an access token (30 minutes) after the last one refreshes once; a longer
    visit refreshes once more for each 30 minutes. Passwords are typed on a new device, after its storage was emptied,
    or after a logout: the service itself asks for them after 7 days without a visit, or after 90 days.
    """

    present: float = 0.3
    """Share of all users who are active on a day."""
    visits: float = 4.0
    """Visits per active user and day, each shorter than 30 minutes: one refresh."""
    me_of_a_visit: float = 5.0
    """Calls of /me per visit by pages or services. Services that verify access tokens by themselves make none."""
    logins: float = 1 / 7
    """Logins per active user and day: one a week."""
    peak: float = 5.0
    """Ratio of the calls in the busiest hour to those of an average hour."""
    use: float = 0.7
    """Planned use of a core, and of a connection's time. The rest is reserved for uneven load."""
    session_days: float = 120.0
    """How long the row of a session is stored: up to 90 days of its life, and 30 days after its end."""

    def calls(self) -> Mapping[str, float]:
        """Return the calls of one active user and day, by kind."""
        return {LOGIN: self.logins, REFRESH: self.visits, ME: self.visits * self.me_of_a_visit}

    def shares(self) -> Mapping[str, float]:
        """Return the share of each kind of call."""
        calls = self.calls()
        return {kind: number / sum(calls.values()) for kind, number in calls.items()}


@dataclass(frozen=True)
class Costs:
    """The mean measured costs of one call of the mix, and of a login alone."""

    service_seconds: float
    """CPU time of the service."""
    database_seconds: float
    """CPU time of PostgreSQL."""
    connection_seconds: float
    """How long a call keeps a connection busy."""
    login_seconds: float
    """CPU time of a login, nearly all of it for the hash."""
    user_bytes: float
    session_bytes: float
    wal_bytes: float
    """Bytes of PostgreSQL's write-ahead log, which standbys receive and archives keep."""


@dataclass(frozen=True)
class Size:
    """The resources for a number of users at the busiest hour."""

    users: int
    present: float
    calls: float
    """Calls per second."""
    logins: float
    """Logins per second."""
    cores: float
    """Cores at the planned use."""
    copies: int
    """Replicas of one core each: at least two, and enough if one zone of three is lost."""
    busy_connections: float
    database_cores: float
    user_bytes: float
    session_bytes: float
    wal_bytes: float
    """Bytes per second."""
    storm_cores: float
    """Cores needed if all active users of a day logged in within one hour."""


def people_per_core(behaviour: Behaviour, costs: Costs) -> float:
    """Return how many active users one core of the service carries at the busiest hour."""
    return _people(behaviour, costs.service_seconds)


def people_per_connection(behaviour: Behaviour, costs: Costs) -> float:
    """Return how many active users one connection to PostgreSQL carries at the busiest hour."""
    return _people(behaviour, costs.connection_seconds)


def _people(behaviour: Behaviour, seconds_of_a_call: float) -> float:
    calls_a_second = sum(behaviour.calls().values()) * behaviour.peak / SECONDS_OF_A_DAY
    return behaviour.use / (calls_a_second * seconds_of_a_call)


def size_of(users: int, behaviour: Behaviour, costs: Costs) -> Size:
    """Return the resources for that many users."""
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
