# make [PG_CONFIG=...] [with_llvm=no]   builds, make install installs
# WERROR=1   warnings are errors
# ASSERTS=1  compiles assertions in; the server may be one without
EXTENSION  = users
MODULE_big = users
# Not called VERSION, which is the server's.
USERS_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" users.control)

OBJS       = $(patsubst %.c,%.o,$(wildcard src/*.c src/core/*.c))

# The install script is built from its numbered parts; the scripts that upgrade
# from one version to another lie ready in sql/.
PARTS      = $(sort $(wildcard sql/[0-9][0-9]-*.sql))
DATA_built = users--$(USERS_VERSION).sql
DATA       = $(wildcard sql/users--*.sql)

# Nobody takes the place of a function of ours, so calls between them go straight.
SHLIB_LINK = -lsodium -lzxcvbn -lcrypt -lm -Wl,-Bsymbolic-functions

# The server's headers are not ours to mend: -isystem keeps them silent.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) \
	-DUSERS_VERSION='"$(USERS_VERSION)"' $(if $(ASSERTS),-DUSE_ASSERT_CHECKING)

# Not in PG_CPPFLAGS: those reach the compiler of the bitcode too, which is clang.
COMMON_FLAGS = -std=c11 -Wextra -Wshadow -Wundef -Wcast-qual -Wwrite-strings \
	-Wstrict-prototypes -Wold-style-definition -Wformat=2 -Wnull-dereference \
	-Wswitch-enum -Wno-declaration-after-statement -Wno-unused-parameter
GCC_FLAGS    = -Wduplicated-cond -Wduplicated-branches -Wlogical-op \
	-fstack-clash-protection -fno-semantic-interposition
PG_CFLAGS    = $(COMMON_FLAGS) $(if $(findstring gcc,$(CC)),$(GCC_FLAGS)) \
	$(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(COPT)),,-D_FORTIFY_SOURCE=2) \
	$(if $(WERROR),-Werror)

# Tests in test/sql and test/specs, what they should print in expected/. PGXS
# asks whether these are empty before it expands them, so := and not =.
REGRESS       := $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql))
REGRESS_OPTS   = --inputdir=test --load-extension=users
ISOLATION     := $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=users
TAP_TESTS     := $(if $(wildcard test/tap/*.pl),1)
PROVE_TESTS    = test/tap/*.pl
EXTRA_CLEAN    = results regression.diffs regression.out output_iso tmp_check

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(DATA_built): $(PARTS) sql Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION users" to load this file. \quit'; \
	for part in $(PARTS); do printf '\n-- %s\n' "$$part"; cat "$$part"; done; } > $@

$(OBJS) $(OBJS:.o=.bc): users.control Makefile $(wildcard src/*.h src/core/*.h)

src/core/%.o: override CFLAGS += -Wconversion -Wsign-conversion -Wunused-parameter

# What the compiler has to say, without building anything.
syntax:
	$(CC) $(CPPFLAGS) $(CFLAGS) -fsyntax-only $(OBJS:.o=.c)

# What PGXN takes: the last commit, under the version of META.json (X.Y.Z).
DIST := users-$(shell sed -n 's/^ \{3\}"version": "\(.*\)",$$/\1/p' META.json)
dist:
	git archive --format=zip --prefix=$(DIST)/ -o $(DIST).zip HEAD
.PHONY: syntax dist
