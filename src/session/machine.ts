// What is to be said of the machine under a session: walls that are not up, and an engine that lacks fixes which this
// release knows of. Said before the agent runs; the record has the walls and the versions themselves.

import { CODES, type ErrorCode } from "../base/errors.ts";
import type { GuestFacts } from "../enclosure/contract.ts";

export interface MachineWarning {
  readonly code: ErrorCode;
  readonly message: string;
  readonly mend: string;
}

export function isOfTheMachine(code: ErrorCode): boolean {
  return code === "OS_SANDBOX_MISSING" || code === "ENGINE_OUTDATED";
}

/** `known`: the newest versions that the installed packages name. */
export function machineWarnings(
  { lacking, versions }: Pick<GuestFacts, "lacking" | "versions">,
  known: { readonly node: string; readonly isolatedVm: string },
): readonly MachineWarning[] {
  const warnings: MachineWarning[] = [];
  const warn = (code: "OS_SANDBOX_MISSING" | "ENGINE_OUTDATED", message: string): void =>
    void warnings.push({ code, message, mend: CODES[code].mend });
  if (lacking !== undefined) warn("OS_SANDBOX_MISSING", `the operating system's sandbox is not up: ${lacking}`);
  const outdated = [
    ["Node", versions.node, known.node],
    ["isolated-vm", versions.isolatedVm, known.isolatedVm],
  ] as const;
  for (const [name, here, newest] of outdated) {
    if (isOlder(here, newest))
      warn("ENGINE_OUTDATED", `${name} ${here} is older than ${newest}, which this release knows`);
  }
  return warnings;
}

/** Both as `major.minor.patch`. */
function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [version, than].map((text) => text.split(".").map(Number)) as [number[], number[]];
  const differs = theirs.findIndex((part, index) => part !== ours[index]);
  return differs >= 0 && (ours[differs] ?? 0) < (theirs[differs] as number);
}
