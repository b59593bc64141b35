/* Counts what holds and what does not, and prints the latter. */
#include <stdio.h>
#include <tintype.h>

static int passed, failed;

static void check(int holds, const char *what, int line) {
  if (holds) {
    passed++;
  } else {
    failed++;
    printf("line %d: %s (%s)\n", line, what, tin_error_message());
  }
}
#define CHECK(what) check(what, #what, __LINE__)
