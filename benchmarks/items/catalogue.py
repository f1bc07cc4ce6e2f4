"""Generated items with a realistic distribution: few words and tags in many items, many words in few."""

import itertools
import random
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from doorward.domain.items.indexing import index_of

# fmt: off
GENRES: Final = (
    "drama", "comedy", "documentary", "thriller", "romance", "action", "horror", "crime", "adventure",
    "animation", "family", "mystery", "fantasy", "science-fiction", "short", "history", "music", "war", "western",
    "biography", "musical", "sport", "noir", "superhero", "satire", "silent", "heist", "road-movie", "anthology",
    "courtroom", "disaster", "espionage", "gothic", "kung-fu", "martial-arts", "mockumentary", "political",
    "prison", "psychological", "samurai", "slasher", "slapstick", "survival", "swashbuckler", "teen",
    "time-travel", "vampire", "wuxia", "zombie", "opera",
)
"""Most frequent first."""
# fmt: on

RARE_TAG: Final = "restored-print"
RARE_TAG_ITEMS: Final = 100
"""Number of items with the rare tag, regardless of the total."""

OWNERS: Final = 1000
SHARED: Final = 0.95
TITLE_WORDS: Final = 4
DESCRIPTION_WORDS: Final = 12
MAXIMUM_GENRES: Final = 3
YEARS: Final = range(1900, 2026)
VOCABULARY_WORDS: Final = 100_000
SEED: Final = 20
FIRST_CREATED_AT: Final = datetime(2020, 1, 1, tzinfo=UTC)

Row = tuple[object, ...]


@dataclass(frozen=True)
class Zipf:
    """A distribution in which the n-th thing is n times as rare as the first."""

    things: Sequence[str]
    cumulated: Sequence[float]

    @classmethod
    def of(cls, things: Sequence[str], flattened: int) -> "Zipf":
        """Take the things, most frequent first. The larger ``flattened``, the less the first ones dominate."""
        return cls(things, list(itertools.accumulate(1 / (rank + flattened) for rank in range(len(things)))))

    def draw(self, chance: random.Random, count: int) -> Sequence[str]:
        """Return that many things, drawn independently."""
        return chance.choices(self.things, cum_weights=self.cumulated, k=count)


def vocabulary() -> Sequence[str]:
    """Return 100,000 words, most frequent first: those of Python's standard library, then pairs of them.

    Random syllables are no replacement: they share all their trigrams, and real words do not.
    """
    counts: Counter[str] = Counter()
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if not {"site-packages", "test", "tests"} & set(path.parts):
            counts.update(re.findall(r"\b[a-z]{3,12}\b", path.read_text(encoding="utf-8", errors="replace").lower()))
    words = [word for word, _ in counts.most_common()]
    chance = random.Random(SEED)
    pairs = (chance.choice(words) + chance.choice(words) for _ in range(VOCABULARY_WORDS))
    return list(dict.fromkeys([*words, *pairs]))[:VOCABULARY_WORDS]


def item_rows(count: int, owners: Sequence[UUID], words: Zipf) -> Iterator[Row]:
    """Yield items as rows of the table, oldest first."""
    chance = random.Random(SEED)
    genres = Zipf.of(GENRES, flattened=2)
    rare_places = range(0, count, count // RARE_TAG_ITEMS)[:RARE_TAG_ITEMS]
    for index in range(count):
        text = words.draw(chance, TITLE_WORDS + DESCRIPTION_WORDS)
        title, description = " ".join(text[:TITLE_WORDS]).capitalize(), " ".join(text[TITLE_WORDS:])
        tags = list(dict.fromkeys(genres.draw(chance, chance.randint(0, MAXIMUM_GENRES))))
        created_at = FIRST_CREATED_AT + timedelta(seconds=index)
        yield (
            UUID(int=chance.getrandbits(128), version=4),
            chance.choice(owners),
            title,
            description,
            [*tags, RARE_TAG] if index in rare_places else tags,
            chance.choice(YEARS),
            "shared" if chance.random() < SHARED else "private",
            1,
            created_at,
            created_at,
            *astuple(index_of(title, description)),
        )


def movie_lines(count: int, words: Zipf) -> Iterator[str]:
    """Yield a CSV file in the form of MovieLens, the header first."""
    chance = random.Random(SEED)
    genres = Zipf.of(GENRES, flattened=2)
    yield "movieId,title,genres\r\n"
    for number in range(1, count + 1):
        title = " ".join(words.draw(chance, TITLE_WORDS)).capitalize()
        tags = "|".join(dict.fromkeys(genres.draw(chance, chance.randint(1, MAXIMUM_GENRES))))
        yield f'{number},"{title} ({chance.choice(YEARS)})",{tags}\r\n'


async def add_owners(connection: AsyncConnection[TupleRow], count: int) -> Sequence[UUID]:
    """Store accounts without a usable password; return their ids."""
    chance = random.Random(SEED)
    ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]
    statement = "COPY users (id, email, email_key, username, username_key, password_hash) FROM STDIN"
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for number, owner_id in enumerate(ids):
            name = f"owner{number}"
            email = f"{name}@example.com"
            await copy.write_row((owner_id, email, email, name, name, "none"))
    return ids


async def fill(connection: AsyncConnection[TupleRow], rows: Iterator[Row]) -> None:
    """Store the items, and create the indexes afterwards, which takes a tenth of the time."""
    cursor = await connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'items' AND indexname <> 'items_pkey'"
    )
    indexes = await cursor.fetchall()
    await connection.execute("SET maintenance_work_mem = '256MB'")
    for name, _ in indexes:
        await connection.execute(f"DROP INDEX {name}".encode())
    await copy_rows(connection, rows)
    for _, definition in indexes:
        await connection.execute(definition.encode())
    await connection.execute("VACUUM ANALYZE")


async def copy_rows(connection: AsyncConnection[TupleRow], rows: Iterator[Row]) -> None:
    """Store items by one COPY, committed when this returns on a connection in autocommit."""
    statement = (
        "COPY items (id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at, "
        "folded_title, search_vector) FROM STDIN"
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)
