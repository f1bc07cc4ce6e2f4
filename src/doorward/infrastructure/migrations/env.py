"""Alembic's entry point: run a version in a transaction, on the connection of ``migrate``."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], version_table=given["version_table"], transactional_ddl=True)
with context.begin_transaction():
    given["bound"]()
    context.run_migrations()
