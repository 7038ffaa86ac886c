// Take back what has the kernel kill the process when its host dies; then the host is killed.
// Invariant: the process cannot ask to outlive its host.
#include "attack.h"
#include <sys/prctl.h>

static const char *attack(void) {
  prctl(PR_SET_PDEATHSIG, 0);
  for (;;) __asm__ volatile("");
  return NULL;
}
