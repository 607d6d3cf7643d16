# schema_lifecycle: PGXS build.  See README.md for `make demo`, `make check`.

EXTENSION = schema_lifecycle
MODULE_big = schema_lifecycle
DATA = schema_lifecycle--1.0.sql
SOURCES = schema_lifecycle.c $(sort $(wildcard src/*/*.c src/*/*/*.c))
OBJS = $(SOURCES:.c=.o)
PG_CPPFLAGS = -I$(srcdir)/src

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Debian's PostgreSQL is built without dependency tracking
$(OBJS): $(wildcard src/*/*.h src/*/*/*.h)
