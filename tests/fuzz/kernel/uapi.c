// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include <linux/kvm_pod.h>

#include "fuzz.h"
#include "rules.h"
#include "uapi_fields.h"
