// The first thread ends and another runs on. The kernel tells no memory of such a process: to whoever looks it is dead.
// Invariant: a process without its first thread is killed.
#include "attack.h"

static void *spin(void *unused) {
  for (;;) __asm__ volatile("");
  return unused;
}

static const char *attack(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, spin, NULL) == 0) syscall(SYS_exit, 0);
  return NULL;
}
