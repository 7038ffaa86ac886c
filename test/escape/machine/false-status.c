// End with the status by which the guest's own program tells that the limit of memory was reached.
// Invariant: what only the guest process says is on record as claimed, never as observed.
#include "attack.h"

static const char *attack(void) { _exit(71); }
