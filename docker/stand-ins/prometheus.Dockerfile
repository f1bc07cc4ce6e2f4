# Replaces the official prom/prometheus:v3.5.0 if no image registry can be reached. Debian has 2.53, which supports the
# same configuration and options.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends prometheus \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /etc/prometheus/* \
    # As in the official image: its user owns the data folder.
    && install --directory --owner=nobody --group=nogroup /prometheus

USER nobody
VOLUME /prometheus
EXPOSE 9090
ENTRYPOINT ["prometheus"]
