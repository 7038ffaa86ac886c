// The system calls that a guest process may make: a classic BPF program for seccomp(2), which bubblewrap loads just before
// the guest's own program begins. Invariants: what is not listed does not exist (ENOSYS, on which the C library and
// libuv fall back); what no guest ever has a reason for kills the process, so that the attempt stands in the record; no
// new process, only threads; no socket, no file system, no other process. x86-64 only: the numbers are that machine's.
// Numbers: Linux, arch/x86/entry/syscalls/syscall_64.tbl. Format: linux/filter.h, linux/seccomp.h.

/** Needed to run V8 and to read and write descriptors that are there: measured by tracing guests at work and under attack. */
const ALLOWED: Readonly<Record<string, number>> = {
  // Most used first: the program tries one after the other.
  futex: 202,
  read: 0,
  write: 1,
  munmap: 11,
  madvise: 28,
  mprotect: 10,
  brk: 12,
  getpid: 39,
  gettid: 186,
  clock_gettime: 228,
  clock_getres: 229,
  clock_nanosleep: 230,
  nanosleep: 35,
  gettimeofday: 96,
  sched_yield: 24,
  getcpu: 309,
  membarrier: 324,
  mremap: 25,
  readv: 19,
  writev: 20,
  pread64: 17,
  lseek: 8,
  poll: 7,
  epoll_create1: 291,
  epoll_ctl: 233,
  epoll_wait: 232,
  epoll_pwait: 281,
  eventfd2: 290,
  pipe2: 293,
  close: 3,
  fstat: 5,
  newfstatat: 262,
  stat: 4,
  lstat: 6,
  statx: 332,
  access: 21,
  faccessat2: 439,
  open: 2,
  openat: 257,
  readlink: 89,
  readlinkat: 267,
  getcwd: 79,
  rt_sigaction: 13,
  rt_sigprocmask: 14,
  rt_sigreturn: 15,
  sigaltstack: 131,
  tgkill: 234,
  tkill: 200,
  restart_syscall: 219,
  getrandom: 318,
  getrusage: 98,
  sysinfo: 99,
  uname: 63,
  getuid: 102,
  geteuid: 107,
  getgid: 104,
  getegid: 108,
  capget: 125,
  sched_getaffinity: 204,
  sched_getparam: 143,
  sched_getscheduler: 145,
  set_tid_address: 218,
  set_robust_list: 273,
  rseq: 334,
  arch_prctl: 158,
  // bubblewrap becomes the guest's program by it. Later there is nothing else to become: the root has one program.
  execve: 59,
  exit: 60,
  exit_group: 231,
};

/** No guest has a reason for these: who makes one has broken out of V8, and dies of it. */
const FATAL: Readonly<Record<string, number>> = {
  ptrace: 101,
  process_vm_readv: 310,
  process_vm_writev: 311,
  kcmp: 312,
  pidfd_open: 434,
  pidfd_getfd: 438,
  pidfd_send_signal: 424,
  socket: 41,
  socketpair: 53,
  connect: 42,
  bind: 49,
  listen: 50,
  accept: 43,
  accept4: 288,
  sendto: 44,
  sendmsg: 46,
  sendmmsg: 307,
  fork: 57,
  vfork: 58,
  execveat: 322,
  kill: 62,
  rt_sigqueueinfo: 129,
  rt_tgsigqueueinfo: 297,
  mount: 165,
  umount2: 166,
  pivot_root: 155,
  chroot: 161,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  mount_setattr: 442,
  unshare: 272,
  setns: 308,
  open_by_handle_at: 304,
  bpf: 321,
  perf_event_open: 298,
  userfaultfd: 323,
  add_key: 248,
  request_key: 249,
  keyctl: 250,
  init_module: 175,
  finit_module: 313,
  delete_module: 176,
  kexec_load: 246,
  kexec_file_load: 320,
  reboot: 169,
  swapon: 167,
  iopl: 172,
  ioperm: 173,
  setuid: 105,
  setgid: 106,
  setreuid: 113,
  setregid: 114,
  setresuid: 117,
  setresgid: 119,
  setgroups: 116,
  capset: 126,
  shmget: 29,
  shmat: 30,
  memfd_create: 319,
};

/** Memory that is nobody's but the process's own: what it shares is counted in no resident size once it looks away. */
const MMAP = 9;
const MAP_SHARED = 1;
const CLONE = 56;
const CLONE_THREAD = 0x10000;

/** Calls that are allowed with these values of one argument (its low half) alone. */
const BY_VALUE: readonly (readonly [call: number, index: number, values: readonly number[]])[] = [
  // prctl: PR_SET_NAME, PR_SET_VMA: names of threads and of memory. Not PR_SET_PDEATHSIG: a guest dies with its host.
  [157, 0, [15, 0x53564d41]],
  // ioctl: TCGETS, FIONBIO, FIOCLEX, FIONREAD.
  [16, 1, [0x5401, 0x5421, 0x5451, 0x541b]],
  // fcntl: F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. Neither locks nor leases, which hold up others, nor owners.
  [72, 1, [1, 2, 3, 4, 1030]],
  // getsockopt: SO_TYPE.
  [55, 2, [3]],
];
/** prlimit64 tells limits (its third argument, a pointer, is null), and sets none. */
const PRLIMIT64 = 302;

const AUDIT_ARCH_X86_64 = 0xc000003e;
/** Calls of the x32 interface carry this bit, and would pass by their other numbers. */
const X32_BIT = 0x40000000;

/** struct seccomp_data: where each part lies, in bytes. */
const NUMBER_AT = 0;
const ARCH_AT = 4;
const ARGUMENTS_AT = 16;
const ARGUMENT_BYTES = 8;
const HALF_BYTES = 4;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;

/** BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_JMP|BPF_JSET|BPF_K, BPF_RET|BPF_K. */
const [LOAD, IF_EQUAL, IF_AT_LEAST, IF_BIT, RETURN] = [0x20, 0x15, 0x35, 0x45, 0x06] as const;
/** struct sock_filter: u16 code, u8 where true, u8 where false, u32 k; little-endian. */
const INSTRUCTION_BYTES = 8;

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, k: number];

const load = (at: number): Instruction => [LOAD, 0, 0, at];
const give = (action: number): Instruction => [RETURN, 0, 0, action];
/** Goes on where `test` holds, else skips `count`. */
const unless = (test: number, k: number, count: number): Instruction => [test, 0, count, k];

function onNumbers(table: Readonly<Record<string, number>>, action: number): readonly Instruction[] {
  return Object.values(table).flatMap((number) => [unless(IF_EQUAL, number, 1), give(action)]);
}

/** For one call: what decides it, to its end. */
function onCall(call: number, ...body: readonly Instruction[]): readonly Instruction[] {
  return [unless(IF_EQUAL, call, body.length), ...body];
}

const argument = (index: number): number => ARGUMENTS_AT + index * ARGUMENT_BYTES;
const REFUSE = give(ERRNO | EPERM);

function onValues(call: number, index: number, values: readonly number[]): readonly Instruction[] {
  const allowed = values.flatMap((value) => [unless(IF_EQUAL, value, 1), give(ALLOW)]);
  return onCall(call, load(argument(index)), ...allowed, REFUSE);
}

/** The filter for x86-64, as bubblewrap's `--seccomp` reads it. */
export function guestFilter(): Uint8Array {
  const instructions = [
    load(ARCH_AT),
    [IF_EQUAL, 1, 0, AUDIT_ARCH_X86_64] as const,
    give(KILL_PROCESS),
    load(NUMBER_AT),
    unless(IF_AT_LEAST, X32_BIT, 1),
    give(KILL_PROCESS),
    ...onCall(MMAP, load(argument(3)), unless(IF_BIT, MAP_SHARED, 1), REFUSE, give(ALLOW)),
    ...onNumbers(ALLOWED, ALLOW),
    ...onCall(CLONE, load(argument(0)), unless(IF_BIT, CLONE_THREAD, 1), give(ALLOW), REFUSE),
    ...onCall(
      PRLIMIT64,
      load(argument(2)),
      unless(IF_EQUAL, 0, 3),
      load(argument(2) + HALF_BYTES),
      unless(IF_EQUAL, 0, 1),
      give(ALLOW),
      REFUSE,
    ),
    ...BY_VALUE.flatMap(([call, index, values]) => onValues(call, index, values)),
    ...onNumbers(FATAL, KILL_PROCESS),
    give(ERRNO | ENOSYS),
  ];
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_BYTES);
  instructions.forEach(([code, whenTrue, whenFalse, k], index) => {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(whenTrue, at + 2);
    bytes.writeUInt8(whenFalse, at + 3);
    bytes.writeUInt32LE(k >>> 0, at + 4);
  });
  return bytes;
}
