// Makes docs/ATTACKS.md from the catalogue and from what stands at the top of each attack's file, so that they cannot
// differ: `npm run docs:attacks`.
import { readFileSync, writeFileSync } from "node:fs";
import { type Attack, CLASSES, type Expected } from "../test/escape/attack.ts";
import { ATTACKS } from "../test/escape/catalogue.ts";

const AGENTS = new URL("../test/escape/agents/", import.meta.url);

/** What stands at the top of an attack's file: the story, and after "Invariant:" what it attacks. */
export function storyOf(file: string): { readonly story: string; readonly invariant: string } {
  const text = readFileSync(new URL(`${file}.ts`, AGENTS), "utf8");
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
  return `${introduction()}\n${sections.join("\n")}`;
}

function entryOf(attack: Attack): string {
  const { defence, expected, file, given, id, title, without } = attack;
  const { invariant, story } = storyOf(file);
  const lines = [
    `- Invariant attacked: ${invariant}`,
    ...(given === undefined ? [] : [`- Given: ${given.what}`]),
    `- Defence (${defence.kind}): ${defence.what}`,
    `- Here: ${sayExpected(expected)}`,
    `- Without it (${lowerFirst(without.how)}): ${without.shows.what}.`,
  ];
  return `### ${id} ${title}\n\n${story}\n\n${lines.join("\n")}\n\n[${file}.ts](../test/escape/agents/${file}.ts)`;
}

/** Of a sentence that begins with an ordinary word. */
function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function sayExpected(expected: Expected): string {
  if (expected === "nothing") return "it gets nothing; the session ends like any other.";
  if ("limit" in expected) {
    const first = expected.orNothing === true ? "it is refused within the guest, or " : "";
    return `${first}the session is ended by the limit \`${expected.limit}\`.`;
  }
  if ("refused" in expected) return `nothing runs: the bundle is refused (\`${expected.refused}\`).`;
  return `the session is ended as ${expected.ends} (\`${expected.code}\`).`;
}

function introduction(): string {
  const structural = ATTACKS.filter(({ defence }) => defence.kind === "structural").length;
  return `# Attacks

<!-- Made from test/escape by \`npm run docs:attacks\`. -->

Each of these ${ATTACKS.length} attacks is a program: a hostile agent in [test/escape/agents](../test/escape/agents). All of them are run, each twice:

- **against the product**, by its command line, where the attack must get nothing. None of the canaries (in the host's environment, in files beside and above the project, behind a server on the loopback, in another session's payload in the same store, in the host process's memory) may stand in the result, on the terminal or in the session's record; the server must not have been asked; the session's record must have its end and the store must verify; no process may be left; the host must live.
- **without the defence**, where the attack must succeed. What has never been seen to succeed shows nothing by failing.

A defence is **structural** where what is attacked is not there: the attack fails whatever it tries, and so do its relatives. It is **specific** where the thing is there and one measure holds it: the next release could lose it, and this is what notices. ${structural} of the defences are structural, ${ATTACKS.length - structural} specific. A defence that can be taken out is taken out of a copy of the product, by changing a line or two of its source. Where nothing can be taken out because nothing is there, the same file runs in a usual recipe that lacks the structure: in the host's own realm, in \`node:vm\`, in isolated-vm within the host's process, or through a plain esbuild.

In the class *${CLASSES.process}* the attacker is given the escape first: a copy of the product lets the agent run code in the guest process's own Node. What stands behind the isolate is tried that way.

\`\`\`sh
npm run check:slow -- test/slow/escape.test.ts             # all of them
npm run check:slow -- test/slow/escape.test.ts -t A17      # one
\`\`\`

What is not attacked here: limits under load and their precision (\`npm run bench\`), the frames of a hostile guest process (test/enclosure/frames.test.ts), tampering with the store (test/slow/tamper.test.ts), and weaknesses of V8 itself, for which [SECURITY.md](../SECURITY.md#what-is-not-promised) says what is and what is not promised.
`;
}

if (import.meta.main) writeFileSync(new URL("../docs/ATTACKS.md", import.meta.url), attacksPage());
