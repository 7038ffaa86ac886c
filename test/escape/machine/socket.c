// A socket of one's own, and a connection to the host's loopback.
// Invariant: a process that makes a socket dies of it.
#include "attack.h"
#include <arpa/inet.h>
#include <sys/socket.h>

static const char *attack(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(CANARY_PORT)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int end = socket(AF_INET, SOCK_STREAM, 0);
  if (end < 0) return NULL;
  connect(end, (struct sockaddr *)&to, sizeof to);
  return "a socket";
}
