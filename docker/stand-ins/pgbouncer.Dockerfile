# Replaces edoburu/pgbouncer:v1.24.1-p1 if no image registry can be reached. The configuration is a mounted file.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends pgbouncer \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /etc/pgbouncer/*

USER postgres
EXPOSE 5432
STOPSIGNAL SIGINT
CMD ["pgbouncer", "/etc/pgbouncer/pgbouncer.ini"]
