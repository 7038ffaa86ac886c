// Makes docs/errors.md from the table of codes, so that the two cannot differ: `npm run docs:errors`.
import { writeFileSync } from "node:fs";
import { CODES, EXIT } from "../src/base/errors.ts";

const HEADINGS = {
  refusal: "Refusals\n\nThe broker did not let a call through. The agent is told, and may go on; the record has it.",
  fault: "Faults\n\nSomething that you can mend.",
  bug: "Bugs\n\nSomething that we have to mend. The session stops and its log is kept.",
} as const;

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const names = Object.fromEntries(Object.entries(EXIT).map(([name, status]) => [status, name]));
  const sections = Object.entries(HEADINGS).map(([kind, heading]) => {
    const entries = Object.entries(CODES)
      .filter(([, entry]) => entry.kind === kind)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([code, { exit, means, mend }]) =>
          `### ${code}\n\n${means} ${mend}\n\nExit status ${exit}${WORDS[names[exit] ?? ""] ?? ""}.`,
      );
    return entries.length === 0 ? "" : `## ${heading}\n\n${entries.join("\n\n")}\n`;
  });
  return `${INTRODUCTION}\n${sections.filter((section) => section !== "").join("\n")}`;
}

const INTRODUCTION = `# Errors

<!-- Made from src/base/errors.ts by \`npm run docs:errors\`. -->

Every error has a stable code, says what happened and where, and how to mend it:

\`\`\`
enclosure: error: call 14 http.fetch: host "evil.example" is outside the grant [RULE_FAILED]
enclosure: mend:  add it under capabilities.http.allow in policies/mail.yaml (line 12)
\`\`\`

The exit statuses are explained in [cli.md](cli.md#exit-status).
`;

const WORDS: Readonly<Record<string, string>> = {
  agentFailed: ": the agent failed",
  usage: ": nothing ran",
  refused: ": refused, where it ends the agent",
  limit: ": a limit ended it",
  invalid: ": invalid",
  fault: ": a fault on this machine",
};

if (import.meta.main) writeFileSync(new URL("../docs/errors.md", import.meta.url), errorsPage());
