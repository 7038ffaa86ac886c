// Debug, and be debugged: who traces a process does as he likes with it.
// Invariant: a process that traces dies of it.
#include "attack.h"
#include <sys/ptrace.h>

static const char *attack(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? "it is traced" : NULL; }
