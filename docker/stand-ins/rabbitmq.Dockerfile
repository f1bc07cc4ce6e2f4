# Replaces the official rabbitmq:4.0 if no image registry can be reached.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends rabbitmq-server \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && printf 'loopback_users.guest = false\nlisteners.tcp.default = 5672\n' >/etc/rabbitmq/rabbitmq.conf

ENV RABBITMQ_LOGS=- LANG=C.UTF-8 HOME=/var/lib/rabbitmq
USER rabbitmq
VOLUME /var/lib/rabbitmq
EXPOSE 5672
STOPSIGNAL SIGTERM
CMD ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
