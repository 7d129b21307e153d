# The project's own programs, each an image of one static file, and their tests.
#
#   docker compose build                  # for this machine; compose.yaml has the targets
#   docker build --target test .          # the tests of what goes into the images
#   make images                           # with labels, also for other machines: docker-bake.hcl

# One place for versions is .env. The tag is exact; a digest would be, too, and is
# for who publishes to add: docs/containers.md.
ARG GO_VERSION=1.26.8

# The compiler runs on the builder's platform and writes for the target's.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS source
ARG GOPROXY
WORKDIR /src
COPY . .

FROM source AS test
# The tests start these themselves.
RUN apt-get update && \
    apt-get install --yes --no-install-recommends mariadb-server redis-server && \
    rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    PLUMBLINE_NO_BROWSER=1 go test ./cli/... ./health/... ./doctor/... ./demo-app/... ./loadgen/... ./provisioner/... ./dashboards/...

FROM source AS build
ARG TARGETOS TARGETARCH
# -buildvcs=false: the context holds no .git. -buildid=: two builds are one file.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -w -buildid=" -o /out/ \
    ./demo-app ./demo-app/icatfake ./loadgen ./provisioner

# What all images have: the authorities for https to elsewhere (an icat.server, a
# target, a collector of traces), and the user and group of Elastic's images, with
# which these share volumes.
FROM scratch AS image
COPY --from=source /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 1000:0
# From whoever builds, so that the same sources give the same image.
ARG VERSION=dev REVISION CREATED
LABEL org.opencontainers.image.vendor="Plumbline" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

FROM image AS demo-app
LABEL org.opencontainers.image.title="demo-app" \
      org.opencontainers.image.description="A demo ICAT API that writes down every request it answers"
COPY --from=build /out/demo-app /demo-app
EXPOSE 8000
# The others are asked where they are started, in compose.yaml: which file holds
# icatfake's certificate, and whether a loadgen or provisioner stays, is said there.
HEALTHCHECK --interval=5s --timeout=5s --retries=12 CMD ["/demo-app", "healthcheck"]
ENTRYPOINT ["/demo-app"]
CMD ["-addr=:8000"]

FROM image AS icatfake
LABEL org.opencontainers.image.title="icatfake" \
      org.opencontainers.image.description="A FAKE icat.server for demo-app; never let it stand in for one"
COPY --from=build /out/icatfake /icatfake
EXPOSE 8181
HEALTHCHECK NONE
ENTRYPOINT ["/icatfake"]
CMD ["-addr=:8181"]

FROM image AS loadgen
LABEL org.opencontainers.image.title="loadgen" \
      org.opencontainers.image.description="Open-model load with a ledger of every request"
COPY --from=build /out/loadgen /loadgen
HEALTHCHECK NONE
ENTRYPOINT ["/loadgen"]

FROM image AS provisioner
LABEL org.opencontainers.image.title="provisioner" \
      org.opencontainers.image.description="Prepares Elasticsearch, proves what arrived there, serves the board"
COPY --from=build /out/provisioner /provisioner
EXPOSE 5602
HEALTHCHECK NONE
ENTRYPOINT ["/provisioner"]
