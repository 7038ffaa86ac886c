// Open the user's files by the bare system calls.
// Invariant: the root holds a dozen public files, and no way out of it.
#include "attack.h"

static const char *attack(void) {
  static const char *const paths[] = {
      "/CANARY_FOLDER/canary.txt", "../../../../../..//CANARY_FOLDER/canary.txt", "/proc/self/root//CANARY_FOLDER/canary.txt",
      "/proc/1/root//CANARY_FOLDER/canary.txt",
  };
  static char got[200];
  int root = open("/", O_PATH | O_DIRECTORY);
  for (int i = 0; i < 4; i++) {
    int from[] = {open(paths[i], O_RDONLY), openat(root, paths[i] + 1, O_RDONLY), openat(3, paths[i] + 1, O_RDONLY)};
    for (int j = 0; j < 3; j++)
      if (from[j] >= 0 && read(from[j], got, sizeof got - 1) > 0) return got;
  }
  return NULL;
}
