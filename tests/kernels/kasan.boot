# SPDX-License-Identifier: GPL-2.0-only
#
# For the kernel's command line; what L1 needs more than with the stock kernel;
# by how much free memory may differ, as freed objects wait in quarantine; and how
# many times as long all may take.
#
# KASAN and UBSAN are compiled into what meets a pod's objects, which is a third
# of the kernel: of the rest, drivers, ACPI and the network are most, and took
# the larger part of half an hour. The flags are those of Makefile.kasan and
# Makefile.ubsan for gcc, as these set CFLAGS_KASAN in the top directory only.
# The module has all of them by its own build.
KERNEL_MAKE=WATCHED=$(filter mm mm/% fs fs/proc fs/sysfs fs/kernfs fs/debugfs fs/hugetlbfs kernel kernel/locking kernel/rcu kernel/sched kernel/cgroup lib io_uring arch/x86/kvm arch/x86/kvm/% arch/x86/mm drivers/vhost drivers/vfio drivers/vfio/% drivers/iommu/iommufd,$(obj))
KERNEL_MAKE=CFLAGS_KASAN=$(if $(WATCHED),-fsanitize=kernel-address -fasan-shadow-offset=$(CONFIG_KASAN_SHADOW_OFFSET) --param asan-instrumentation-with-call-threshold=10000 --param asan-stack=1 --param asan-instrument-allocas=1 --param asan-globals=1)
KERNEL_MAKE=CFLAGS_UBSAN=$(if $(WATCHED),-fsanitize=bounds-strict -fsanitize=shift)
APPEND=panic_on_warn=1 page_owner=on watchdog_thresh=60
MEMORY_PERCENT=150
SLOWNESS=5
FREE_SLACK=134217728
