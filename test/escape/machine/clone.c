// Another process, by the call that makes threads.
// Invariant: that call makes threads of the process's own and nothing else.
#include "attack.h"

static const char *attack(void) {
  long made = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (made == 0) syscall(SYS_exit_group, 0);
  return made > 0 ? "another process" : NULL;
}
