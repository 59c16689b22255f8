/* plain: the least that a client can do, to measure the daemon against.
 *
 * usage: plain loop URL SESSION COUNT DIR     a loop over libcurl: write a file, read it, POST, poll
 *        plain drop COUNT DIR                 writes the same files into a spool, one at a time,
 *                                             each when the result of the one before is there
 * For each file a line on standard output: MICROSECONDS NUMBER, when it was complete; at the end
 * of a loop: "cpu MICROSECONDS". */
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_US 150000 /* between files, so that a probe of the session is over */
#define GIVE_UP_S 120

struct answer {
	char text[65536];
	size_t len;
};

static long long now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "plain: %s\n", what);
	exit(1);
}

static size_t keep(char *p, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	if (a->len + n * size < sizeof(a->text)) {
		memcpy(a->text + a->len, p, n * size);
		a->len += n * size;
		a->text[a->len] = '\0';
	}
	return n * size;
}

static void request(CURL *curl, const char *url, const char *body, struct answer *a)
{
	a->len = 0;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	else
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	if (curl_easy_perform(curl) != CURLE_OK)
		die(url);
}

static void complete_file(const char *dir, long i)
{
	char hidden[4096];
	char name[4096];
	snprintf(hidden, sizeof(hidden), "%s/.bench%ld.py", dir, i);
	snprintf(name, sizeof(name), "%s/bench%ld.py", dir, i);
	FILE *f = fopen(hidden, "w");
	if (f == NULL || fprintf(f, "print(\"bench %ld\")\n", i) < 0 || fclose(f) != 0)
		die(hidden);
	long long t = now_us();
	if (rename(hidden, name) != 0)
		die(name);
	printf("%lld %ld\n", t, i);
	fflush(stdout);
}

/* What the daemon does at the least: read what was dropped, POST it, poll with growing patience. */
static void run_one(CURL *curl, const char *url, const char *session, const char *dir, long i)
{
	char path[4096];
	char code[256];
	char body[512];
	struct answer a;
	snprintf(path, sizeof(path), "%s/bench%ld.py", dir, i);
	FILE *f = fopen(path, "r");
	if (f == NULL || fgets(code, sizeof(code), f) == NULL)
		die(path);
	fclose(f);
	snprintf(body, sizeof(body), "{\"code\":\"print(\\\"bench %ld\\\")\\n\"}", i);
	snprintf(path, sizeof(path), "%s/sessions/%s/statements", url, session);
	request(curl, path, body, &a);
	const char *id = strstr(a.text, "\"id\":");
	if (id == NULL)
		die(a.text);
	snprintf(path, sizeof(path), "%s/sessions/%s/statements/%ld", url, session,
	    strtol(id + strlen("\"id\":"), NULL, 10));
	for (useconds_t pause = 50000; strstr(a.text, "\"available\"") == NULL;
	     pause += pause / 8) {
		usleep(pause);
		request(curl, path, NULL, &a);
	}
}

static int loop(const char *url, const char *session, long count, const char *dir)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	for (long i = 0; i < count; i++) {
		complete_file(dir, i);
		run_one(curl, url, session, dir, i);
		usleep(PAUSE_US);
	}
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	printf("cpu %lld\n", (long long)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
				 u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return 0;
}

static int drop(long count, const char *dir)
{
	for (long i = 0; i < count; i++) {
		char path[4096];
		struct stat st;
		complete_file(dir, i);
		snprintf(path, sizeof(path), "%s/bench%ld.py.json", dir, i);
		for (long long end = now_us() + GIVE_UP_S * 1000000LL; stat(path, &st) != 0;) {
			if (now_us() > end)
				die("no result");
			usleep(2000);
		}
		usleep(PAUSE_US);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "loop") == 0)
		return loop(argv[2], argv[3], strtol(argv[4], NULL, 10), argv[5]);
	if (argc == 4 && strcmp(argv[1], "drop") == 0)
		return drop(strtol(argv[2], NULL, 10), argv[3]);
	return 2;
}
