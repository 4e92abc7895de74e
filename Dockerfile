FROM node:22-bookworm-slim AS front
WORKDIR /src/static
COPY static/package.json static/package-lock.json static/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY static/build.mjs static/fonts.mjs ./
COPY static/css css
COPY static/js js
COPY static/img img
COPY app/chart/formatters.js ../app/chart/formatters.js
RUN node build.mjs

FROM golang:1.26-bookworm AS build
ARG VERSION=dev
ENV CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=front /src/static/dist static/dist
RUN go tool templ generate -path views -log-level warn \
 && go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/assay ./app \
 && mkdir /out/data

# Certificate authorities, time zones and a user without rights; nothing else.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/assay /assay
COPY --from=build --chown=65532:65532 /out/data /data
ENV ASSAY_ADDR=0.0.0.0:8080 \
    ASSAY_DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["/assay", "health"]
ENTRYPOINT ["/assay"]
CMD ["serve"]
