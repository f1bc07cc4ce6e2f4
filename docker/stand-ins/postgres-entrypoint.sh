#!/usr/bin/env bash
# Creates the database at the first start, then executes PostgreSQL.
# Honours POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, PGDATA and /docker-entrypoint-initdb.d as the official image does.
set -euo pipefail

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

initialise() {
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "postgres: POSTGRES_PASSWORD is empty: set it to make a new database" >&2
        exit 1
    fi
    # The password goes through a file descriptor, so that no process list shows it.
    initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
        --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"

    # Unix socket only: the incomplete database is not reachable over the network.
    pg_ctl --wait --options="-c listen_addresses=''" start
    if [ "$database" != postgres ]; then
        createdb --username="$user" --maintenance-db=postgres -- "$database"
    fi
    run_scripts
    pg_ctl --wait --mode=fast stop
    echo "postgres: the new database '$database' is ready for its first start"
}

# Runs the scripts in the order of their names. The official image supports more kinds of files.
run_scripts() {
    local file
    export POSTGRES_USER=$user POSTGRES_DB=$database
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) bash "$file" ;;
            *.sql) psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$user" --dbname="$database" --file="$file" ;;
            *) [ ! -e "$file" ] || echo "postgres: $file is left out" >&2 ;;
        esac
    done
}

# `docker run IMAGE -c setting=value` means options for postgres.
if [ "${1:-}" = "" ] || [ "${1:0:1}" = "-" ]; then
    set -- postgres "$@"
fi

if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA"
        chown -R postgres:postgres "$PGDATA"
        chmod 0700 "$PGDATA"
        # PostgreSQL refuses to run as root.
        exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
    fi
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        initialise
    fi
fi

exec "$@"
