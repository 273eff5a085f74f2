# Tests of src/core, and of what is like it in relay and bench, that need no server:
# make -f test/core.mk [unit | valgrind | crosscheck | fuzz-replay | fuzz |
# fuzz-merge | coverage]. Everything is built in BUILD. WERROR= lets warnings
# pass, SANITIZE= builds without the sanitizers, FUZZ_SECONDS is for each target.
ROOT  := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
BUILD ?= $(ROOT)/build
override BUILD := $(abspath $(BUILD))
ifeq ($(origin CC),default)
CC    := gcc
endif
NODE  ?= node
PROVE ?= prove
CLANG ?= clang-14
FUZZ_SECONDS ?= 10
WERROR ?= 1
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard $(ROOT)/test/fuzz/fuzz_*.c)))

CORE    := $(wildcard $(ROOT)/src/core/*.c)
HEADERS := $(wildcard $(ROOT)/src/core/*.h $(ROOT)/test/unit/*.h \
	$(ROOT)/test/fuzz/*.h) $(lastword $(MAKEFILE_LIST))
TESTS   := $(basename $(notdir $(wildcard $(ROOT)/test/unit/test_*.c)))
LIBS    := -lsodium -lzxcvbn -lm

WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wcast-qual -Wwrite-strings \
	-Wstrict-prototypes -Wold-style-definition -Wformat=2 -Wnull-dereference \
	-Wswitch-enum -Wmissing-prototypes
GCC_WARNINGS  := -Wduplicated-cond -Wduplicated-branches -Wlogical-op
CORE_WARNINGS := -Wconversion -Wsign-conversion
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
FLAGS    := -std=c11 -g -O1 -fwrapv $(if $(WERROR),-Werror) $(WARNINGS) -I$(ROOT)/src/core

UNIT_FLAGS := $(FLAGS) $(if $(findstring gcc,$(CC)),$(GCC_WARNINGS)) $(SANITIZE)
# null-dereference sees paths that the sanitizer's code makes up.
UNIT_FLAGS += -Wno-null-dereference
FUZZ_FLAGS := $(FLAGS) $(SANITIZE) -fsanitize=fuzzer

all: unit crosscheck fuzz-replay

$(BUILD)/unit $(BUILD)/fuzz $(BUILD)/core $(BUILD)/coverage:
	mkdir -p $@

# The core, as the unit tests have it.
$(BUILD)/core/%.o: $(ROOT)/src/core/%.c $(HEADERS) | $(BUILD)/core
	$(CC) $(UNIT_FLAGS) $(CORE_WARNINGS) -c $< -o $@
CORE_OBJECTS := $(patsubst $(ROOT)/src/core/%.c,$(BUILD)/core/%.o,$(CORE))

$(BUILD)/unit/%: $(ROOT)/test/unit/%.c $(CORE_OBJECTS) $(HEADERS) | $(BUILD)/unit
	$(CC) $(UNIT_FLAGS) $< $(CORE_OBJECTS) $(LIBS) -o $@

# What the mail relay has that needs no server either.
RELAY := $(addprefix $(ROOT)/relay/,text.c address.c message.c verdict.c)
$(BUILD)/unit/test_relay_%: $(ROOT)/test/unit/test_relay_%.c $(RELAY) \
		$(wildcard $(ROOT)/relay/*.h) $(HEADERS) | $(BUILD)/unit
	$(CC) $(UNIT_FLAGS) $(CORE_WARNINGS) -D_GNU_SOURCE -I$(ROOT)/relay $< $(RELAY) \
		-lsodium -o $@

# And what script/bench judges by.
$(BUILD)/unit/test_bench_ranks: $(ROOT)/test/unit/test_bench_ranks.c \
		$(wildcard $(ROOT)/bench/ranks.*) $(HEADERS) | $(BUILD)/unit
	$(CC) $(UNIT_FLAGS) $(CORE_WARNINGS) -I$(ROOT)/bench $< $(ROOT)/bench/ranks.c \
		-lm -o $@

unit: $(addprefix $(BUILD)/unit/,$(TESTS))
	$(PROVE) --exec '$(UNDER)' $^

# What the sanitizers do not see: what is read before it was written.
valgrind:
	$(MAKE) -f $(lastword $(MAKEFILE_LIST)) BUILD=$(BUILD)/valgrind SANITIZE= unit \
		UNDER='valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=all'

crosscheck: $(BUILD)/unit/jwt_tool
	JWT_TOOL=$< $(PROVE) --exec $(NODE) $(ROOT)/test/unit/node/crosscheck.js

$(BUILD)/fuzz/%: $(ROOT)/test/fuzz/%.c $(CORE) $(HEADERS) | $(BUILD)/fuzz
	$(CLANG) $(FUZZ_FLAGS) $< $(CORE) $(LIBS) -o $@
FUZZERS := $(addprefix $(BUILD)/fuzz/,$(FUZZ_TARGETS))

# All that once was found worth keeping, each input once.
fuzz-replay: $(FUZZERS)
	set -e; for target in $(FUZZ_TARGETS); do \
		$(BUILD)/fuzz/$$target -runs=0 -artifact_prefix=$(BUILD)/fuzz/ \
			$(ROOT)/test/fuzz/corpus/$$target; done

# New inputs go to BUILD, not to the committed corpus. Ends with how many inputs
# were run, and what each target says is in BUILD/fuzz. Most of what is read is
# short, and refused for its length alone when it is not.
fuzz: $(FUZZERS)
	set -e; total=0; for target in $(FUZZ_TARGETS); do \
		mkdir -p $(BUILD)/fuzz/new/$$target; log=$(BUILD)/fuzz/$$target.log; \
		case $$target in *jwt | *json | *template | *picture) len=4200 ;; *) len=600 ;; esac; \
		$(BUILD)/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) \
			-max_len=$$len -timeout=10 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/new/$$target \
			$(ROOT)/test/fuzz/corpus/$$target >$$log 2>&1 || \
			{ tail -n 50 $$log; exit 1; }; \
		runs=$$(sed -n 's/^stat::number_of_executed_units: *//p' $$log); \
		printf '%-16s %12d\n' $$target $$runs; total=$$((total + runs)); done; \
	printf '%-16s %12d inputs, no findings\n' all $$total

# Takes into the committed corpus what reaches code that it does not.
fuzz-merge: $(FUZZERS)
	set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p $(ROOT)/test/fuzz/corpus/$$target $(BUILD)/fuzz/new/$$target; \
		$(BUILD)/fuzz/$$target -set_cover_merge=1 -use_counters=0 -use_cmp=0 \
			-artifact_prefix=$(BUILD)/fuzz/ \
			$(ROOT)/test/fuzz/corpus/$$target $(BUILD)/fuzz/new/$$target; done

# Lines and branches of the core that the unit tests reach.
coverage: | $(BUILD)/coverage
	set -e; cd $(BUILD)/coverage; rm -f *.gcda *.gcno; \
	for source in $(CORE); do \
		$(CC) -std=c11 -O0 --coverage -I$(ROOT)/src/core -c $$source; done; \
	for test in $(filter-out test_relay_% test_bench_%,$(TESTS)); do \
		$(CC) -std=c11 -O0 --coverage -I$(ROOT)/src/core -c \
			$(ROOT)/test/unit/$$test.c; \
		$(CC) --coverage $$test.o $(patsubst %.c,%.o,$(notdir $(CORE))) $(LIBS) \
			-o $$test; \
		./$$test > $$test.tap; done; \
	gcov -b $(notdir $(CORE)) | grep -A4 "File '$(ROOT)/src/core/.*c'"

.SECONDARY:
.PHONY: all unit valgrind crosscheck fuzz-replay fuzz fuzz-merge coverage
.DELETE_ON_ERROR:
