# The project's own programs, each an image of one static file.
#
#   docker build --target demo-app -t plumbline/demo-app:dev .
#
# compose.yaml builds all three.

# The compiler runs on the builder's platform and writes for the target's.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY . .
# -buildvcs=false: the context holds no .git.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/ ./demo-app ./loadgen ./provisioner

# User and group are those of Elastic's images, which share volumes with these.
FROM scratch AS demo-app
COPY --from=build /out/demo-app /demo-app
USER 1000:0
EXPOSE 8000
ENTRYPOINT ["/demo-app"]
CMD ["-addr", ":8000"]

FROM scratch AS loadgen
COPY --from=build /out/loadgen /loadgen
USER 1000:0
ENTRYPOINT ["/loadgen"]

FROM scratch AS provisioner
COPY --from=build /out/provisioner /provisioner
USER 1000:0
EXPOSE 5602
ENTRYPOINT ["/provisioner"]
