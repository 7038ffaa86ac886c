// Memory to share: once it looks away from a page of it, that is in no process's resident size, and still there.
// Invariant: all memory of the process is its own, and is counted.
#include "attack.h"

#define MIB (1024L * 1024)

static const char *attack(void) {
  const long total = 192 * MIB, step = 8 * MIB;
  char *held = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (held == MAP_FAILED) return NULL;
  for (long at = 0; at < total; at += step) {
    memset(held + at, 7, step);
    madvise(held + at, step, MADV_DONTNEED);
  }
  for (long at = 0; at < total; at += step) {
    if (held[at] != 7) return NULL;
    madvise(held + at, step, MADV_DONTNEED);
  }
  return "192 MiB beside a limit of 64";
}
