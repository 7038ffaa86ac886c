// A namespace within the namespaces, in which it is root and mounts what it likes: the way to much of the kernel's code.
// Invariant: a process that leaves its namespaces dies of it.
#include "attack.h"
#include <sys/mount.h>

static const char *attack(void) {
  pid_t made = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (made == 0) {
    int mounted = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && mount("none", "/", "tmpfs", 0, NULL) == 0;
    syscall(SYS_exit_group, mounted ? 7 : 0);
  }
  // What asks alone has threads, and is refused by the kernel as well.
  if (made < 0) unshare(CLONE_NEWUSER | CLONE_NEWNS);
  int status = 0;
  if (made < 0 || waitpid(made, &status, 0) != made) return NULL;
  return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? "a file system of its own" : NULL;
}
