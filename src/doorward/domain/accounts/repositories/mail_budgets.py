"""The SQL of the table ``mail_budgets``: the mails to an address, of one kind in a minute, and of all kinds in a day.

The row with the empty kind counts all kinds of the day.
"""

from dataclasses import asdict
from datetime import datetime

from doorward.domain.accounts.models import MailBudget, MailLimits
from doorward.domain.accounts.repositories import Connection


async def add_counted_mail(connection: Connection, budget: MailBudget, limits: MailLimits, *, now: datetime) -> int:
    """Count one mail in each of the two windows that has room; return in how many. 2 means that it may be sent.

    A window begins with its first mail. A window that begins in the future was stored before a clock was corrected.
    """
    cursor = await connection.execute(
        """
        INSERT INTO mail_budgets AS budget (address_mac, origin, kind, mails, began_at)
        VALUES
            (%(address_mac)s, %(origin)s, '', 1, %(now)s),
            (%(address_mac)s, %(origin)s, %(kind)s, 1, %(now)s)
        ON CONFLICT ON CONSTRAINT mail_budgets_pkey DO UPDATE
        SET mails = CASE
                WHEN budget.began_at <= %(now)s
                 AND budget.began_at > %(now)s - CASE budget.kind WHEN '' THEN %(day_window)s ELSE %(kind_window)s END
                THEN budget.mails + 1
                ELSE 1
            END,
            began_at = CASE
                WHEN budget.began_at <= %(now)s
                 AND budget.began_at > %(now)s - CASE budget.kind WHEN '' THEN %(day_window)s ELSE %(kind_window)s END
                THEN budget.began_at
                ELSE excluded.began_at
            END
        WHERE budget.mails < CASE budget.kind WHEN '' THEN %(day_limit)s ELSE %(kind_limit)s END
           OR budget.began_at > %(now)s
           OR budget.began_at <= %(now)s - CASE budget.kind WHEN '' THEN %(day_window)s ELSE %(kind_window)s END
        """,
        {**asdict(budget), **asdict(limits), "now": now},
    )
    return cursor.rowcount


async def find_end_of_windows(connection: Connection, budget: MailBudget, limits: MailLimits) -> datetime | None:
    """Find when the last of the full windows ends; None when none is full."""
    cursor = await connection.execute(
        """
        SELECT max(began_at + CASE kind WHEN '' THEN %(day_window)s ELSE %(kind_window)s END)
        FROM mail_budgets
        WHERE address_mac = %(address_mac)s AND origin = %(origin)s AND kind IN ('', %(kind)s)
          AND mails >= CASE kind WHEN '' THEN %(day_limit)s ELSE %(kind_limit)s END
        """,
        {**asdict(budget), **asdict(limits)},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def remove_counted_mail(connection: Connection, budget: MailBudget) -> None:
    """Uncount one mail that was not sent."""
    await connection.execute(
        """
        UPDATE mail_budgets
        SET mails = mails - 1
        WHERE address_mac = %(address_mac)s AND origin = %(origin)s AND kind IN ('', %(kind)s) AND mails > 0
        """,
        asdict(budget),
    )


async def remove_old_budgets(connection: Connection, *, began_before: datetime, limit: int) -> int:
    """Remove some of the counts whose windows have ended; return how many."""
    cursor = await connection.execute(
        """
        DELETE FROM mail_budgets
        WHERE (address_mac, origin, kind) IN (
            SELECT address_mac, origin, kind
            FROM mail_budgets
            WHERE began_at <= %(began_before)s
            LIMIT %(limit)s
        )
          AND began_at <= %(began_before)s
        """,
        {"began_before": began_before, "limit": limit},
    )
    return cursor.rowcount
