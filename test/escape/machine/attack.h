// What Node loads: an addon whose exports are the text that attack() returns, which is what it has got, or nothing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *attack(void);

// Node's own, of node_api.h.
extern int napi_create_string_utf8(void *env, const char *text, size_t length, void **value);

__attribute__((visibility("default"))) void *napi_register_module_v1(void *env, void *exports) {
  const char *got = attack();
  void *value = exports;
  if (got != NULL) napi_create_string_utf8(env, got, strlen(got), &value);
  return value;
}
