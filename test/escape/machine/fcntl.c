// Leases, which hold up whoever opens the file next; pipes as large as may be; signals on behalf of a descriptor's owner.
// Invariant: a descriptor is read, written, marked and copied, and no more.
#include "attack.h"

static const char *attack(void) {
  static char got[60];
  int program = open("/guest.cjs", O_RDONLY), ends[2];
  if (program >= 0 && fcntl(program, F_SETLEASE, F_RDLCK) == 0) strcat(got, "a lease ");
  if (pipe2(ends, 0) == 0 && fcntl(ends[0], F_SETPIPE_SZ, 256 * 1024) > 0) strcat(got, "a large pipe ");
  if (fcntl(3, F_SETOWN, getpid()) == 0) strcat(got, "an owner ");
  return *got ? got : NULL;
}
