# Replaces the official redis:8.0 if no image registry can be reached.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

# The user id of the official image.
USER 999:999
WORKDIR /data
EXPOSE 6379
CMD ["redis-server", "--protected-mode", "no"]
