# schema_lifecycle
#
#   make, make install      build and install, with PGXS of $(PG_CONFIG)
#   make demo               see it run, on a private server
#   make check              all tests, on a private server
#   make check-versions     the same on PostgreSQL 17 and 18, in chroots
#   make lint               compilers, cppcheck, and the rules of this tree
#   make installcheck       regress and isolation, on the server of PGHOST
#
# SUITES="regress tap" and TESTS="graph*" narrow a check down.

# These do their own set-up, so they must work before PGXS is there.
own_goals = demo check check-versions lint

ifneq ($(filter $(own_goals),$(MAKECMDGOALS)),)

.PHONY: $(MAKECMDGOALS)
.NOTPARALLEL:

# other versions' options are not for the private builds
unexport MAKEFLAGS MAKELEVEL
ifdef PG_CONFIG
export PG_CONFIG
endif
ifdef TESTS
export TESTS
endif

demo check check-versions:
	@tools/$@ $(SUITES)

lint:
	@tools/lint

other_goals = $(filter-out $(own_goals),$(MAKECMDGOALS))
ifneq ($(other_goals),)
$(other_goals):
	@$(MAKE) --no-print-directory $@
endif

else

EXTENSION = schema_lifecycle
MODULE_big = schema_lifecycle
DATA := $(wildcard schema_lifecycle--*.sql)
SCRIPTS := $(wildcard bin/slctl)
SOURCES = schema_lifecycle.c $(sort $(wildcard src/*/*.c src/*/*/*.c))
OBJS = $(SOURCES:.c=.o)
PG_CPPFLAGS = -I$(srcdir)/src
# what is not PGDLLEXPORT is our own: half the work when a session loads it
# (16 and later do so by themselves)
PG_CFLAGS = -fvisibility=hidden

# PGXS asks whether these are set at all, so := and nothing when there is none
# regress: setup first, the rest in the order of their names
REGRESS_FILES := $(sort $(notdir $(basename $(wildcard sql/*.sql))))
REGRESS := $(strip $(filter setup,$(REGRESS_FILES)) \
	$(filter-out setup,$(REGRESS_FILES)))
ISOLATION := $(sort $(notdir $(basename $(wildcard test/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test
EXTRA_CLEAN = tmp/built-for

# a pg_config that is libpq's, or none at all, may stand before a server's
ifneq ($(origin PG_CONFIG),command line)
PG_CONFIG := $(shell tools/find-pg 2>/dev/null || echo "$${PG_CONFIG:-pg_config}")
endif
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error $(shell PG_CONFIG=$(PG_CONFIG) tools/find-pg 2>&1). Install postgresql-server-dev-NN, or name a pg_config with PG_CONFIG=...; `make demo` installs what it needs by itself)
endif
include $(PGXS)

# Debian's PostgreSQL is built without dependency tracking
$(OBJS): $(wildcard src/*/*.h src/*/*/*.h)

.PHONY: list-regress
list-regress:
	@echo $(REGRESS)

endif
