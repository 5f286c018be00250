#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [--model MODEL] - a bare guest on a pod under kvm-intel, in Bochs.
# `make check-ept` builds the module first and then calls this.

set -euo pipefail
exec /usr/bin/python3 "$(dirname "$0")/ept.py" "$@"
