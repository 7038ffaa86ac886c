// Hundreds of threads: each costs the kernel a stack and more, of which no limit of the process's memory knows.
// Invariant: a process of more than a few dozen threads is killed.
#include "attack.h"

static void *idle(void *unused) {
  for (;;) sleep(1000);
  return unused;
}

static const char *attack(void) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 32 * 1024);
  int made = 0;
  for (pthread_t thread; made < 300 && pthread_create(&thread, &small, idle, NULL) == 0;) made++;
  sleep(5);
  return made == 300 ? "300 threads" : NULL;
}
