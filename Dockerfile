# certstream-server-nest in a container.
#
#   docker build -t certstream-server .
#   docker run -p 8080:8080 -v certstream-data:/data -e CERTSTREAM_GENERAL_RECOVERY_ENABLED=true certstream-server
#
# Releases pass both images with their digests, which pins them. Only the build stage runs commands, on the machine that builds, so that
# an image for another architecture needs no emulation.
ARG NODE_IMAGE=node:24.21.0-trixie-slim
ARG RUNTIME_IMAGE=debian:trixie-slim

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
ARG TARGETARCH
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && node deploy/package/assemble.mjs /rootfs/usr/lib/certstream-server --cpu "${TARGETARCH}"
# The command, the mount point of a configuration, and the folder of the user 65532 for its data.
RUN install -d /rootfs/usr/local/bin /rootfs/app/config \
  && install -d -o 65532 -g 65532 -m 0750 /rootfs/data \
  && ln -s ../../lib/certstream-server/dist/cli/bin.js /rootfs/usr/local/bin/certstream-server

# The Node.js of the architecture of the image.
FROM ${NODE_IMAGE} AS node

FROM ${RUNTIME_IMAGE}
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=build /rootfs/usr /usr
COPY --from=build /rootfs/app /app
COPY --from=build --chown=65532:65532 /rootfs/data /data

# Positions, journal and the last good log list are in the working folder, so that paths like ./ct_index.json are in the volume.
# general.recovery.enabled is not set here: a variable would override the file of the user.
ENV NODE_ENV=production \
    HOME=/data \
    XDG_CACHE_HOME=/data/cache
WORKDIR /data
VOLUME ["/data"]
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=12s --start-period=30s --retries=3 CMD ["certstream-server", "health"]
ENTRYPOINT ["certstream-server"]
