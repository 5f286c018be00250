# SPDX-License-Identifier: GPL-2.0-only
#
# What suites in directories below have in common. Who includes it sets OUT,
# HELPERS (its own), SHARED (of this directory), and INCLUDES beyond those here;
# EXTRA are objects that it has rules for.

CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-sign-compare \
	  -Wno-missing-field-initializers -Wno-unused-parameter \
	  -Wno-clobbered -pthread
CPPFLAGS := -isystem ../../../include/uapi -I. -I.. $(INCLUDES:%=-I%)
LDFLAGS := -static -pthread

PROGRAMS := $(filter-out $(HELPERS),$(basename $(wildcard *.c)))
HEADERS := $(wildcard *.h ../*.h ../vendor/*.h ../../mdev/*.h ../../ept/*.h \
	     ../../../include/uapi/linux/*.h)

all: $(PROGRAMS:%=$(OUT)/%)

list:
	@echo $(PROGRAMS)

$(OUT)/obj/%.o: %.c $(HEADERS) Makefile ../suite.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(OUT)/obj/shared-%.o: ../%.c $(HEADERS) Makefile ../suite.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(PROGRAMS:%=$(OUT)/%): $(OUT)/%: $(OUT)/obj/%.o \
		$(HELPERS:%=$(OUT)/obj/%.o) $(SHARED:%=$(OUT)/obj/shared-%.o) \
		$(EXTRA)
	$(CC) $(LDFLAGS) -o $@ $^

clean:
	rm -rf $(OUT)

.PHONY: all list clean
.SECONDARY:
