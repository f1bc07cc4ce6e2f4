# Replaces the official postgres:17-trixie if no image registry can be reached.
FROM debian:trixie-slim

# Without this setting the package creates a cluster during its installation.
RUN mkdir -p /etc/postgresql-common \
    && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf \
    && apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-17 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    # New data directories listen on all addresses; `-c listen_addresses=` still overrides it.
    && sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" /usr/share/postgresql/17/postgresql.conf.sample \
    && grep --quiet "^listen_addresses = '\*'" /usr/share/postgresql/17/postgresql.conf.sample \
    && install --directory --owner=postgres --group=postgres --mode=3777 /var/run/postgresql \
    && install --directory --owner=postgres --group=postgres --mode=0700 /var/lib/postgresql/data

COPY --chmod=0755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh

ENV PATH="/usr/lib/postgresql/17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    LANG="C.UTF-8" \
    PGDATA="/var/lib/postgresql/data"
VOLUME /var/lib/postgresql/data
EXPOSE 5432
# SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to disconnect.
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
