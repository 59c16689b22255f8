/* replay: the corpus of one target without libFuzzer: each input as it is, and cut off at many
 * lengths, as connections and editors leave them. */
#include "fuzz.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX (4 << 20)
#define CUTS_MAX 200 /* of one input: of longer ones, at every second length, every third ... */

/* A block of just that size, so that the sanitizer sees what reads behind it. */
static void feed(const char *p, size_t n)
{
	uint8_t *own = malloc(n > 0 ? n : 1);

	assert(own != NULL);
	if (n > 0)
		memcpy(own, p, n);
	(void)LLVMFuzzerTestOneInput(own, n);
	free(own);
}

static size_t replay_file(const char *path)
{
	static char input[INPUT_BYTES_MAX];
	FILE *f = fopen(path, "rbe");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(input, 1, sizeof(input), f);
	(void)fclose(f);
	printf("%s: %zu bytes\n", path, n);
	(void)fflush(stdout); /* the last line names the one that aborted */
	feed(input, n);
	size_t fed = 1;
	for (size_t cut = 0; cut < n; cut += 1 + n / CUTS_MAX, fed++)
		feed(input, cut);
	return fed;
}

static size_t replay_dir(const char *dir, size_t *files)
{
	struct dirent **entry;
	char path[4096];
	size_t fed = 0;
	int n = scandir(dir, &entry, NULL, alphasort);

	if (n < 0) {
		perror(dir);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.') {
			(void)snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
			fed += replay_file(path);
			++*files;
		}
		free(entry[i]);
	}
	free(entry);
	return fed;
}

int main(int argc, char **argv)
{
	const char *corpus = getenv("FUZZ_CORPUS_DIR");
	char dir[2048];
	size_t files = 0, fed = 0;

	if (argc < 2 && corpus == NULL) {
		(void)fprintf(stderr, "usage: %s FILE ..., or with FUZZ_CORPUS_DIR\n", argv[0]);
		return 64;
	}
	for (int i = 1; i < argc; i++, files++)
		fed += replay_file(argv[i]);
	if (argc < 2) {
		(void)snprintf(dir, sizeof(dir), "%s/%s", corpus, fuzz_name);
		fed = replay_dir(dir, &files);
	}
	printf("%zu files, %zu inputs\n", files, fed);
	return files > 0 ? 0 : 1;
}
