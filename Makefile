# SPDX-License-Identifier: GPL-2.0-only
#
# The front door. Each target first installs (apt) what it needs and Debian 12
# lacks. `make help` lists the targets. The module itself is described in Kbuild.

BED := tests/bed
RUN := /usr/bin/python3 tests/run.py
DEPS := $(BED)/deps.sh

# Headers to build the module against: those of the running kernel if it is a
# 6.12, else the newest stock 6.12 that is installed.
RUNNING := $(wildcard /lib/modules/$(shell uname -r | grep '^6\.12\.')/build)
NEWEST := $(lastword $(shell printf '%s\n' /usr/src/linux-headers-6.12*-amd64 | sort -V))
KDIR ?= $(firstword $(RUNNING) $(NEWEST))

.PHONY: all module podctl check check-core check-kernel check-kernel-full \
	check-nested check-ept check-qemu check-soak check-debug check-mutations \
	check-external fuzz bench bench-check lint demo install uninstall clean help

all: deps-module module podctl

module:
	@test -e $(KDIR)/Makefile || { \
		echo "error: no Linux 6.12 headers; apt-get install linux-headers-6.12-amd64" >&2; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

podctl:
	$(MAKE) -C tools/podctl

deps-%:
	@$(DEPS) $*

check:
	@$(DEPS) bed
	@$(RUN) all

check-core:
	@$(DEPS) bed
	@$(RUN) core corpus bed uapi tools

check-kernel:
	@$(DEPS) bed
	@$(RUN) kernel

check-kernel-full:
	@$(DEPS) bed
	@$(RUN) kernel-full

check-nested:
	@$(DEPS) bed
	@$(RUN) nested

check-ept:
	@$(DEPS) bed
	@$(RUN) ept

check-qemu:
	@$(DEPS) bed
	@$(RUN) qemu

check-soak:
	@$(DEPS) bed
	@$(RUN) soak

check-debug:
	@$(DEPS) bed
	@$(RUN) $(patsubst %,debug-%,$(or $(KERNEL),kasan kcsan))

check-faults:
	@$(DEPS) bed
	@KVM_POD_FUZZ_SECONDS=$(SECONDS) $(RUN) faults fuzz

check-mutations:
	@$(DEPS) bed
	@/usr/bin/python3 tests/mutations/run.py $(T)

SECONDS ?= 60

fuzz:
	@$(DEPS) bed
	@KVM_POD_FUZZ_SECONDS=$(SECONDS) $(RUN) fuzz fuzz-core

check-external:
	@$(DEPS) bed
	@$(RUN) external

# Figures for people; bench-check compares with those that were accepted.
bench:
	@$(DEPS) bed bench
	@/usr/bin/python3 tests/bench/run.py

bench-check:
	@$(DEPS) bed
	@$(RUN) bench

lint:
	@$(DEPS) bed
	@$(RUN) lint

demo:
	@$(DEPS) bed
	@/usr/bin/python3 tests/demo.py "$(SCENE)"

install: all
	DESTDIR=$(DESTDIR) tools/packaging/install.sh

uninstall:
	DESTDIR=$(DESTDIR) tools/packaging/uninstall.sh

clean:
	test ! -e $(KDIR)/Makefile || $(MAKE) -C $(KDIR) M=$(CURDIR) clean
	for dir in tools/podctl tests/core tests/selftests tests/uapi; do \
		test ! -e $$dir/Makefile || $(MAKE) -C $$dir clean; \
	done
	rm -rf build

help:
	@echo "make              build kvm-pod.ko and podctl (KDIR=headers to build against)"
	@echo "make demo         the main scene, live: a guest boots ballooned on a pod"
	@echo "                  SCENE=scrub: guests that clear all memory when they start"
	@echo "                  SCENE=exhaust: a guest beyond its target pauses and goes on"
	@echo "                  SCENE=vfio: a device of the host is refused, or assigned"
	@echo "make check        every test; ends with one line of counts"
	@echo "make check-core   the core in user space, the UAPI header, podctl's parser"
	@echo "make check-kernel selftests in a virtual machine"
	@echo "make check-kernel-full  what needs a kernel with iommufd, vDPA and mdev"
	@echo "make check-nested nested guests, AMD NPT emulated"
	@echo "make check-ept    a nested guest, Intel EPT emulated"
	@echo "make check-qemu   the QEMU series: build and qtests"
	@echo "make check-soak   long and large scenes, not in make check"
	@echo "make check-debug  all of L1's tests and scenes with KASAN, then KCSAN"
	@echo "                  KERNEL=kasan: on that kernel only"
	@echo "make check-faults each allocation and copy fails once, then the fuzzers"
	@echo "make check-mutations  take out one guard at a time: does a test notice?"
	@echo "make fuzz         fuzzers, for SECONDS=60 or any other time"
	@echo "make check-external  selftests of KVM and mm, stress-ng and others on pods"
	@echo "make bench        figures, side by side with other memory: performance.md"
	@echo "make bench-check  has a path become longer than tests/bench/baseline.json?"
	@echo "make lint         style, sparse, layers, documentation"
	@echo "make install      module, udev rule, header, podctl (DESTDIR=, KVER=, DKMS=1)"
	@echo "make uninstall    undo that"
	@echo "make clean        remove what was built here; the cache stays"
	@echo "Any check target takes T=name to run one test."
