# The official postgres image with schema_lifecycle in it.
#
#   docker build --build-arg PG_MAJOR=18 -t postgres-schema-lifecycle .
ARG PG_MAJOR=18

FROM postgres:${PG_MAJOR} AS build
# the image sets PG_MAJOR for what follows
RUN apt-get update \
	&& apt-get install -y --no-install-recommends \
		gcc make libc6-dev "postgresql-server-dev-$PG_MAJOR" \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN PG_CONFIG="/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" \
	&& make PG_CONFIG="$PG_CONFIG" with_llvm=no clean \
	&& make PG_CONFIG="$PG_CONFIG" with_llvm=no -j"$(nproc)" \
	&& make PG_CONFIG="$PG_CONFIG" with_llvm=no DESTDIR=/out install

# .so, .control, .sql, and slctl beside psql
FROM postgres:${PG_MAJOR}
COPY --from=build /out/ /
