# MinIO from its Go module, at the version that deploy/local/tool-catalogue.ts pins (a test compares). A folder in its
# data is a bucket; a new volume begins as a copy of what the image holds there.
FROM golang:1.25-alpine AS build
RUN CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' \
    github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

FROM alpine:3.22
RUN adduser -S -D -H -u 10001 minio && install -d -o minio /data /data/holdfast
COPY --from=build /go/bin/minio /usr/local/bin/minio
USER minio
ENTRYPOINT ["minio"]
CMD ["server", "/data"]
