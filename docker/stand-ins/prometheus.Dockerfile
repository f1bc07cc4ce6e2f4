# Stands in for the official prom/prometheus:v2.53.5 where no image registry can be reached.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends prometheus \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /etc/prometheus/* \
    # As in the official image: its user owns the folder of the data.
    && install --directory --owner=nobody --group=nogroup /prometheus

USER nobody
VOLUME /prometheus
EXPOSE 9090
ENTRYPOINT ["prometheus"]
