# Replaces the official haproxy:3.0 if no image registry can be reached.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends haproxy \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

# The user id of the official image.
USER 99:99
EXPOSE 8080
# Finishes open requests.
STOPSIGNAL SIGUSR1
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
