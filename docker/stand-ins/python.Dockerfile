# Replaces the official python:3.13-slim-trixie if no image registry can be reached.
# Debian 13's Python is 3.13, linked to the names of the official image.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-pip python3-venv \
    # pip may install into this Python, as it may in the official image.
    && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED \
    && ln -s /usr/bin/python3 /usr/local/bin/python3 \
    && ln -s /usr/bin/python3 /usr/local/bin/python \
    && ln -s /usr/bin/pip3 /usr/local/bin/pip \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

CMD ["python3"]
