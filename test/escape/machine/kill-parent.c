// Kill the host by the bare system call.
// Invariant: a process that signals another dies of it.
#include "attack.h"

static const char *attack(void) {
  pid_t parent = getppid();
  kill(parent > 1 ? parent : 2, SIGKILL);
  return NULL;
}
