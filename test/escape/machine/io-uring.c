// A ring: system calls that the kernel makes in its own threads, past every filter.
// Invariant: the kernel makes no ring for the process.
#include "attack.h"

static const char *attack(void) {
  char params[120] = {0}; // struct io_uring_params
  return syscall(425, 4, params) >= 0 ? "a ring" : NULL;
}
