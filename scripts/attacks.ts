// Makes docs/ATTACKS.md from the catalogue and from what stands at the top of each attack's file, so that they cannot
// differ: `npm run docs:attacks`.
import { readFileSync, writeFileSync } from "node:fs";
import { type Attack, CLASSES, type Expected, pathOf } from "../test/escape/attack.ts";
import { ATTACKS } from "../test/escape/catalogue.ts";

const PROGRAMS = new URL("../test/escape/", import.meta.url);

/** What stands at the top of an attack's file, a path from test/escape: the story, and after "Invariant:" what it attacks. */
export function storyOf(path: string): { readonly story: string; readonly invariant: string } {
  const text = readFileSync(new URL(path, PROGRAMS), "utf8");
  const top = /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? "";
  const words = top.replaceAll(/^\/\/ ?/gm, "").trim();
  const [story = "", invariant = ""] = words.split(/\nInvariant: /);
  return { story: story.replaceAll("\n", " "), invariant: invariant.replaceAll("\n", " ") };
}

/** The text of docs/ATTACKS.md. */
export function attacksPage(): string {
  const sections = Object.entries(CLASSES).map(([name, heading]) => {
    const entries = ATTACKS.filter((attack) => attack.class === name).map(entryOf);
    return `## ${heading}\n\n${entries.join("\n\n")}\n`;
  });
  return `${introduction()}\n${sections.join("\n")}\n${TRIED}`;
}

/** What was tried once by hand, or by a program that was not kept. */
const TRIED = `## Tried by reviewers, without a row

Each of these was tried and got nothing; none is worth a program of its own. They are not run again.

In the isolate:

- Nearly all methods of fourteen built-ins, of Object, Reflect and JSON, replaced, with accessors for 29 names on \`Object.prototype\`, while the web's lazy parts load and run: no bridge, no post, no pending table came by.
- Depth of the stack cold, warm, optimised, after collections, under load, with bytecode thrown away before: the same depth each time.
- The bundle's wrapper reached by \`arguments\`, by HTML-like comments, by \`__enclosure\`: refused for its syntax, or not there.

At the door and beyond:

- \`%69nternal\`, \`%2e%2e\`, \`..%2f\`, \`%00\`, \`%3b\`, \`//\`, \`%C0%AE\`, \`localhost.\`, literal loopback addresses, an end slash, a query: decided as they are, or refused.
- Redirects to a denied path, another host, \`file:\`, \`//host\`: each decided anew. Mapped, NAT64, 6to4, CGNAT, link-local, ULA and documentation addresses: refused.
- A placeholder in \`Accept\` or \`X_Api_Key\`: refused. The guest's own \`x-api-key\` beside \`auth\`: sent once.
- Bidirectional marks, zero-width characters, Hangul fillers, tags, U+2800 in lines and outputs: all spelled out.

With machine code in a guest process:

- Creating a file, \`O_TMPFILE\`, or opening anything in the guest's root for writing: \`EROFS\`, \`ETXTBSY\`.
- \`F_SETOWN\` to a process outside: the filter refuses it; without the filter, \`ESRCH\`.
- \`SO_PEERCRED\` of the channel: the filter refuses it; without the filter, process 0.
- \`tgkill\` and \`prlimit64\` of other processes: there are none.
- \`open_by_handle_at\`: it dies in the filter.
- \`execve\` of \`/node\` without the permission flags: it dies as it starts.
- Pipes filled, and standard error written without an end: the wall limit.
- Closing the channel and sleeping: the wall limit.
- \`raise(SIGSTOP)\`: the first process of its namespace does not stop. \`SIGSTOP\` sent to it from outside: the wall limit.

In the guest process's own Node, with its permissions dropped:

- UDP, DNS, Unix sockets, \`openAsBlob\`, \`fs.watch\`, heap snapshots, reports, the compile cache, trace events, workers, \`execve\`, \`loadEnvFile\`: refused.

From outside:

- Killing bubblewrap's monitor: the session is a crash, and the guest dies.
- The host killed by SIGKILL, thirty times, 4 to 120 ms into starting three guests: no process is left.
- Twice sixty launches called off after 0 to 49 ms: no descriptor and no process is left.
- Seven guests at once: no two share a socket.
- \`/proc\` mounted with \`hidepid\` 0, 1, 2 and 4, a read-only \`/tmp\`, the host run as \`nobody\`: all walls are up. No \`/proc\`: refused.
- \`NODE_OPTIONS\`, \`OPENSSL_CONF\`, \`GCONV_PATH\`, \`SSL_CERT_FILE\`, \`TMPDIR\`, \`LD_LIBRARY_PATH\`, \`XDG_CACHE_HOME\`, \`NODE_EXTRA_CA_CERTS\` in the host's environment: none reaches the guest.
`;

function entryOf(attack: Attack): string {
  const { defence, expected, given, id, title, without } = attack;
  const path = pathOf(attack);
  const { invariant, story } = storyOf(path);
  const lines = [
    `- Invariant attacked: ${invariant}`,
    ...(given === undefined ? [] : [`- Given: ${given.what}`]),
    `- Defence (${defence.kind}): ${defence.what}`,
    `- Here: ${sayExpected(expected)}`,
    `- Without it (${lowerFirst(without.how)}): ${without.shows.what}.`,
  ];
  return `### ${id} ${title}\n\n${story}\n\n${lines.join("\n")}\n\n[${path.slice(path.indexOf("/") + 1)}](../test/escape/${path})`;
}

/** Of a sentence that begins with an ordinary word. */
function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function sayExpected(expected: Expected): string {
  if (expected === "gone") return "the host is killed, and no process is left.";
  if (expected === "nothing") return "it gets nothing; the session ends like any other.";
  if ("limit" in expected) {
    const first = expected.orNothing === true ? "it is refused within the guest, or " : "";
    return `${first}the session is ended by the limit \`${expected.limit}\`.`;
  }
  if ("refused" in expected) return `nothing runs: the bundle is refused (\`${expected.refused}\`).`;
  const { code, ends, saying } = expected;
  return `the session is ended as ${ends} (\`${code}\`${saying === undefined ? "" : `: "${saying}"`}).`;
}

function introduction(): string {
  const structural = ATTACKS.filter(({ defence }) => defence.kind === "structural").length;
  return `# Attacks

<!-- Made from test/escape by \`npm run docs:attacks\`. -->

Each of these ${ATTACKS.length} attacks is a program, most of them a hostile agent in [test/escape/agents](../test/escape/agents). All of them are run, each twice:

- **against the product**, by its command line, where the attack must get nothing. None of the canaries (in the host's environment, in files beside and above the project, behind a server on the loopback, in another session's payload in the same store, in the host process's memory) may stand in the result, on the terminal or in the session's record; the server must not have been asked; the session's record must have its end and the store must verify; no process may be left; the host must live.
- **without the defence**, where the attack must succeed. What has never been seen to succeed shows nothing by failing.

A defence is **structural** where what is attacked is not there: the attack fails whatever it tries, and so do its relatives. It is **specific** where the thing is there and one measure holds it: the next release could lose it, and this is what notices. ${structural} of the defences are structural, ${ATTACKS.length - structural} specific. A defence that can be taken out is taken out of a copy of the product, by changing a line or two of its source. Where nothing can be taken out because nothing is there, the same file runs in a usual recipe that lacks the structure: in the host's own realm, in \`node:vm\`, in isolated-vm within the host's process, or through a plain esbuild.

In the last three classes the attacker is given an escape first, by a copy of the product, so that what stands behind is tried:

- *${CLASSES.process}*: the agent runs code in the guest process's own Node, and the operating system's walls are out, so that Node's own hold alone, and on every machine.
- *${CLASSES.system}*: Node's permission model is out as well, and the system's walls ([walls.md](walls.md)) are up.
- *${CLASSES.machine}*: C of [test/escape/machine](../test/escape/machine), compiled when it is tried, is loaded into that process, and makes the system calls that it likes.

The last two need bubblewrap on x86-64, the last a C compiler (\`cc\`); elsewhere they are skipped, and shown as skipped.

\`\`\`sh
npm run check:slow -- test/slow/escape.test.ts             # all of them
npm run check:slow -- test/slow/escape.test.ts -t A17      # one
\`\`\`

What is not attacked here: limits under load and their precision (\`npm run bench\`), the frames of a hostile guest process (test/enclosure/frames.test.ts), tampering with the store (test/slow/tamper.test.ts), and weaknesses of V8 itself, for which [SECURITY.md](../SECURITY.md#what-is-not-promised) says what is and what is not promised.
`;
}

if (import.meta.main) writeFileSync(new URL("../docs/ATTACKS.md", import.meta.url), attacksPage());
