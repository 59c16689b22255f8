/* clock: the only room of the command line that asks what time it is. */
#include "cli/clock.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)
/* As ls -l does it: beyond half a year the year tells more than the hour. */
#define RECENT_MS (180 * DAY_MS)

static int64_t read_clock(clockid_t id)
{
	struct timespec t = { 0 };

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_real_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_wait_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* The daemon's own form, always in UTC: hence timegm(), where mktime() would take it for local
 * time. */
int64_t clock_from_text(const char *iso)
{
	struct tm tm = { 0 };
	int ms = 0;
	const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm);

	if (rest == NULL)
		return -1;
	if (*rest == '.' && sscanf(rest + 1, "%3d", &ms) != 1)
		return -1;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

/* The midnight before now, in local time. */
static int64_t midnight(int64_t now_ms)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return now_ms;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	/* Whether midnight was in summer time is not known from now: on two days of the year it
	 * differs. */
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

static int read_date(const char *text, int64_t *ms)
{
	/* The longer ones first: strptime() is content with a beginning. */
	static const char *const form[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < ARRAY_LEN(form); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *rest = strptime(text, form[i], &tm);
		if (rest == NULL || (*rest != '\0' && !str_eq(rest, "Z")))
			continue;
		*ms = (int64_t)(*rest == 'Z' ? timegm(&tm) : mktime(&tm)) * 1000;
		return 0;
	}
	return -1;
}

int clock_read(const char *text, int64_t *ms)
{
	int64_t ago;

	if (str_eq(text, "today"))
		*ms = midnight(clock_real_ms());
	else if (str_eq(text, "yesterday"))
		*ms = midnight(midnight(clock_real_ms()) - 1);
	else if (str_to_duration_ms(text, &ago) == 0)
		*ms = clock_real_ms() - ago;
	else
		return read_date(text, ms);
	return 0;
}

const char *clock_short(int64_t ms, char out[CLOCK_SHORT_LEN])
{
	time_t t = (time_t)(ms / 1000);
	int64_t age = clock_real_ms() - ms;
	struct tm tm;

	if (ms < 0 || localtime_r(&t, &tm) == NULL)
		return "-";
	if (strftime(out, CLOCK_SHORT_LEN,
		age > RECENT_MS || age < -DAY_MS ? "%b %e  %Y" : "%b %e %H:%M", &tm) == 0)
		return "-";
	return out;
}

const char *clock_span(int64_t ms, char out[CLOCK_SPAN_LEN])
{
	long long s = ms < 0 ? 0 : ms / 1000;

	if (s < 60)
		(void)snprintf(out, CLOCK_SPAN_LEN, "%llds", s);
	else if (s < 3600)
		(void)snprintf(out, CLOCK_SPAN_LEN, "%lldm %02llds", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(out, CLOCK_SPAN_LEN, "%lldh %02lldm", s / 3600, s / 60 % 60);
	else
		(void)snprintf(out, CLOCK_SPAN_LEN, "%lldd %lldh", s / 86400, s / 3600 % 24);
	return out;
}
