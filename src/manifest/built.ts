// Built: what the grammar knows and this version does not enforce. A key that is parsed and ignored would look like a
// protection, so each is refused by name. A row is a path ("*" is any key or index) and when it counts.

import { isJsonObject, type JsonValue } from "../base/json.ts";
import { RESERVED_KINDS } from "./reserved.ts";
import { step, type Report } from "./problems.ts";

interface Row {
  readonly path: readonly string[];
  readonly what: string;
  /** Whether this value asks for it; always, where absent. */
  readonly asks?: (value: JsonValue) => boolean;
}

const row = (path: string, what: string, asks?: Row["asks"]): Row => ({
  path: path.split("."),
  what,
  ...(asks === undefined ? {} : { asks }),
});
const isFull = (value: JsonValue): boolean => !Array.isArray(value) || value.length > 0;
const is =
  (word: string) =>
  (value: JsonValue): boolean =>
    value === word;

/** What a manifest and a profile both can say. */
const SHARED: readonly Row[] = [
  row("limits.cost", "a limit of cost"),
  row("approvals.via.*", "approval on the web", is("web")),
  row("approvals.grace", "parking a session that waits for an approval"),
  row("audit.default", "redaction", is("redacted")),
  row("audit.redact", "redaction"),
  row("audit.retain", "retention"),
  row("capabilities.*.audit", "redaction", is("redacted")),
  row("capabilities.*.ask.*.approvers", "naming approvers"),
];

const ROWS: readonly Row[] = [
  ...SHARED,
  ...SHARED.map((one) => ({ ...one, path: ["profiles", "*", ...one.path] })),
  row("review", "the access review"),
  row("agent.labels", "information flow", isFull),
  row("secrets.*.from", "a secret from a command", (value) => typeof value === "string" && value.startsWith("exec:")),
  row("mcpServers", "MCP"),
  row("capabilities.*.use", "the kind", (value) => typeof value === "string" && RESERVED_KINDS.has(value)),
  row("capabilities.*.labels", "information flow", isFull),
  row("flow", "information flow", isFull),
];

/** Reports MANIFEST_NOT_BUILT for everything in the manifest that this version cannot enforce. */
export function refuseUnbuilt(manifest: JsonValue, report: Report): void {
  for (const { path, what, asks } of ROWS) {
    for (const [pointer, value] of select(manifest, path, "")) {
      if (asks !== undefined && !asks(value)) continue;
      if (path.at(-1) !== "use" && isUnderReservedKind(manifest, path, pointer)) continue;
      const key = pointer.slice(1).replaceAll("/", ".");
      const word = path.at(-1) === "use" ? `${what} ${JSON.stringify(value)}` : what;
      report({ code: "MANIFEST_NOT_BUILT", pointer, message: `${key}: ${word} is not built in this version` });
    }
  }
}

/** A grant of a reserved kind is refused once, as a whole. */
function isUnderReservedKind(manifest: JsonValue, path: readonly string[], pointer: string): boolean {
  if (path[0] !== "capabilities") return false;
  const grant = pointer.split("/").slice(0, 3);
  return [...select(manifest, ["capabilities", grant[2] as string, "use"], "")].some(
    ([, use]) => typeof use === "string" && RESERVED_KINDS.has(use),
  );
}

function* select(value: JsonValue, path: readonly string[], pointer: string): Generator<[string, JsonValue]> {
  const [key, ...rest] = path;
  if (key === undefined) return yield [pointer, value];
  if (value === null || typeof value !== "object") return;
  const entries = Array.isArray(value) || isJsonObject(value) ? Object.entries(value) : [];
  for (const [name, member] of entries) {
    if (key === "*" || key === name) yield* select(member as JsonValue, rest, pointer + step(name));
  }
}
