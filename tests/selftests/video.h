/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Video devices without hardware (vivid), which take frames from a program's
 * memory, or put them there. They pin it for as long as they have it.
 */
#ifndef POD_SELFTEST_VIDEO_H
#define POD_SELFTEST_VIDEO_H

#include <stdbool.h>
#include <stddef.h>

/* A device that shows frames if @output, else one that takes them; or -1. */
int video_open(bool output);

/* Let it have @len bytes, more than a frame; closing it takes them back. */
int video_lend(int video, bool output, void *addr, size_t len);

/* Wait until a frame was put there: its bytes, or -errno. */
long video_capture(int video);

#endif /* POD_SELFTEST_VIDEO_H */
