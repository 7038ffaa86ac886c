// Die of a forbidden call with words of the engine's on the lips, so that an attempt to break out is on record as an agent
// that was too large.
// Invariant: a limit is told by how the process died, not by what it said alone.
#include "attack.h"
#include <sys/socket.h>

static const char *attack(void) {
  static const char words[] = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n";
  if (write(2, words, sizeof words - 1) > 0) socket(AF_UNIX, SOCK_STREAM, 0);
  return NULL;
}
