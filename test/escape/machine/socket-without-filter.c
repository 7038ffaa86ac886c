// A connection to the host's loopback, from a process that no filter of system calls holds.
// Invariant: the network is the process's own, and empty.
#include "attack.h"
#include <arpa/inet.h>
#include <sys/socket.h>

static const char *attack(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(CANARY_PORT)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int end = socket(AF_INET, SOCK_STREAM, 0);
  if (end < 0 || connect(end, (struct sockaddr *)&to, sizeof to) != 0) return NULL;
  return "a connection";
}
