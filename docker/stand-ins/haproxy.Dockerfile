# Stands in for the official haproxy:3.0 where no image registry can be reached.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends haproxy \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

# By the official image's number.
USER 99:99
EXPOSE 8080
# It finishes what is under way.
STOPSIGNAL SIGUSR1
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
