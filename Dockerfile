# syntax=docker/dockerfile:1

# An image with `marquee` and `marquee-producer`, for compose.yaml. It was never built,
# because no Docker daemon was available during development.

FROM rust:1.95-bookworm AS build
# The toolchain of the image, without the components that rust-toolchain.toml adds.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /source
COPY . .
# The profile of `cargo demo`; a release build of DataFusion takes twice as long.
RUN cargo build --locked --package marquee \
    && cargo build --locked --package marquee-producer --no-default-features \
    && mkdir /programs \
    && strip --strip-debug -o /programs/marquee target/debug/marquee \
    && strip --strip-debug -o /programs/marquee-producer target/debug/marquee-producer

FROM debian:bookworm-slim
COPY --from=build /programs/ /usr/local/bin/
RUN useradd --create-home --uid 1000 marquee && install --directory --owner marquee /data
USER marquee
WORKDIR /data
VOLUME /data
ENTRYPOINT ["marquee"]
CMD ["--help"]
