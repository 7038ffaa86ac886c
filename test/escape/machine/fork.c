// Another process, by the oldest of the calls that make one.
// Invariant: a process that forks dies of it.
#include "attack.h"

static const char *attack(void) {
  long made = syscall(SYS_fork);
  if (made == 0) syscall(SYS_exit_group, 0);
  return made > 0 ? "another process" : NULL;
}
