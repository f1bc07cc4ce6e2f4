# Stands in for edoburu/pgbouncer:v1.24.1-p1 where no image registry can be reached, with the configuration given as a file.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends pgbouncer \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /etc/pgbouncer/*

USER postgres
EXPOSE 5432
STOPSIGNAL SIGINT
CMD ["pgbouncer", "/etc/pgbouncer/pgbouncer.ini"]
