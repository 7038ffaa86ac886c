// Read a little everywhere in a mapping without an end. The page of zeros costs nothing; the tables that lead to it cost
// four kilobytes for every two megabytes, and are in no resident size.
// Invariant: the address space has a bound, and with it the tables.
#include "attack.h"

#define GIB (1024L * 1024 * 1024)

static const char *attack(void) {
  static char got[40];
  int mapped = 0;
  for (; mapped < 64; mapped++) {
    char *at = mmap(NULL, GIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) break;
    madvise(at, GIB, MADV_NOHUGEPAGE);
    for (long offset = 0; offset < GIB; offset += 2L << 20) (void)*(volatile char *)(at + offset);
  }
  snprintf(got, sizeof got, "tables for %d GiB", mapped);
  return mapped > 24 ? got : NULL;
}
