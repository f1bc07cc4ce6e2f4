#!/usr/bin/env bash
# Creates the service's role when PostgreSQL creates its database. The role owns the database and is not a superuser.
# The image runs this once, on its Unix socket, before PostgreSQL listens on the network.
set -euo pipefail

if [ "$SERVICE_USER" = "$POSTGRES_USER" ]; then
    echo "postgres: POSTGRES_USER in .env must not be '$POSTGRES_USER', which is PostgreSQL's superuser" >&2
    exit 1
fi

# psql quotes variables. It reads the password from the environment, so that no process list shows it.
psql --no-psqlrc --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=ON_ERROR_STOP=1 --set=owner="$SERVICE_USER" --set=superuser="$POSTGRES_USER" --set=database="$POSTGRES_DB" <<'SQL'
\set password `printf '%s' "$POSTGRES_PASSWORD"`
CREATE ROLE :"owner" LOGIN PASSWORD :'password';
ALTER DATABASE :"database" OWNER TO :"owner";
-- Prevents superuser logins over the network. The socket inside the container requires no password.
ALTER ROLE :"superuser" PASSWORD NULL;
SQL
echo "postgres: the role '$SERVICE_USER' owns the database '$POSTGRES_DB'"
