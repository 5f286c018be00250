// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "exits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../selftests/sys.h"

#define EVENT		"/sys/kernel/tracing/events/kvm/kvm_exit/"
#define TRIGGER		"hist:keys=exit_reason"

/* Hardware's numbers for the exits meant here. */
#define VMX_EPT_VIOLATION	48
#define SVM_NESTED_PAGE_FAULT	0x400

static bool is_on(const char *parameter)
{
	char text[8];

	return !file_read(parameter, text, sizeof(text)) && text[0] == 'Y';
}

static bool has_ept(void)
{
	return is_on("/sys/module/kvm_intel/parameters/ept");
}

static bool has_npt(void)
{
	return is_on("/sys/module/kvm_amd/parameters/npt");
}

const char *exits_paging(void)
{
	if (has_ept())
		return "EPT";
	return has_npt() ? "NPT" : "shadow";
}

const char *exits_begin(void)
{
	int ret = file_write(EVENT "trigger", TRIGGER);

	/* An earlier test has set it: its counts go on. */
	if (!ret || ret == -EEXIST)
		return NULL;
	return "cannot count exits: no kvm_exit in /sys/kernel/tracing, or no histograms";
}

long long exits_violations(void)
{
	unsigned int wanted = has_npt() ? SVM_NESTED_PAGE_FAULT : VMX_EPT_VIOLATION;
	FILE *hist = fopen(EVENT "hist", "re");
	unsigned long long hits, count = 0;
	unsigned int reason;
	char line[128];

	if (!hist)
		return -1;
	while (fgets(line, sizeof(line), hist))
		if (sscanf(line, "{ exit_reason: %u } hitcount: %llu", &reason,
			   &hits) == 2 && reason == wanted)
			count = hits;
	fclose(hist);
	return count;
}

long long exits_pages_2m(void)
{
	return file_number("/sys/kernel/debug/kvm/pages_2m");
}
