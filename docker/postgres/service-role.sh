#!/usr/bin/env bash
# Makes the role that the service uses, when PostgreSQL makes its database. It owns the database and is no superuser.
# The image runs this once, on its Unix socket, before PostgreSQL listens on the network.
set -euo pipefail

if [ "$SERVICE_USER" = "$POSTGRES_USER" ]; then
    echo "postgres: POSTGRES_USER in .env must not be '$POSTGRES_USER', which is PostgreSQL's superuser" >&2
    exit 1
fi

# Variables, which psql quotes. The password is read from the environment, so that no process list shows it.
psql --no-psqlrc --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=ON_ERROR_STOP=1 --set=owner="$SERVICE_USER" --set=superuser="$POSTGRES_USER" --set=database="$POSTGRES_DB" <<'SQL'
\set password `printf '%s' "$POSTGRES_PASSWORD"`
CREATE ROLE :"owner" LOGIN PASSWORD :'password';
ALTER DATABASE :"database" OWNER TO :"owner";
-- Nobody logs in as superuser over the network. On the socket inside the container no password is asked for.
ALTER ROLE :"superuser" PASSWORD NULL;
SQL
echo "postgres: the role '$SERVICE_USER' owns the database '$POSTGRES_DB'"
