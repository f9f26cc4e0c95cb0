# nats-server under a user of its own, with a folder for JetStream that this user owns.
FROM nats:2.11.8-alpine
RUN adduser -S -D -H -u 10001 bus && install -d -o bus /data
USER bus
