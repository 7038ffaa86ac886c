// People: who runs a session and who approves in it. A name never stands in a body, only a pseudonym of it; the name
// itself is a payload. The operating system's user is the floor of what is known, and marked as what it is.

import { userInfo } from "node:os";
import type { LogWriter, PayloadInput } from "../audit/contract.ts";
import type { Evidence } from "../audit/events.ts";
import type { Answer, Approvers } from "../broker/ports.ts";
import type { ApprovalChannel } from "./contract.ts";

export interface DraftPrincipal {
  readonly id: string;
  readonly kind: "os_user" | "named";
  readonly evidence: Evidence;
  readonly name: PayloadInput;
}

/** The person that the operating system says this process runs as. */
export function osUser(log: LogWriter): DraftPrincipal {
  return principal(log, "os_user", "observed", userInfo().username);
}

/** A person as the caller names them: nobody has checked it. */
export function namedPerson(log: LogWriter, name: string): DraftPrincipal {
  return principal(log, "named", "host_claimed", name);
}

/** 128 bits: enough to tell people apart. */
const PERSON_CHARS = 32;

function principal(log: LogWriter, kind: DraftPrincipal["kind"], evidence: Evidence, name: string): DraftPrincipal {
  const text = name.toWellFormed();
  return {
    id: log.pseudonym(kind, text).slice(0, PERSON_CHARS),
    kind,
    evidence,
    name: { text, media: "text/plain", level: "full" },
  };
}

/** The channel as the broker asks it, with the person who sits at it. */
export function approversAt(channel: ApprovalChannel, log: LogWriter, agent: string): Approvers {
  const { id, name } = osUser(log);
  return {
    channel: channel.name,
    person: { id, name },
    ask: async ({ call, grant, function: fn, ...held }, signal) =>
      readAnswer(await channel.ask({ ...held, agent, call, capability: grant.name, function: fn }, signal)),
  };
}

/** The channel may be another's JavaScript: nothing but `true` grants. */
function readAnswer({ granted, reason }: { readonly granted: unknown; readonly reason?: unknown }): Answer {
  return { granted: granted === true, ...(typeof reason === "string" ? { reason } : {}) };
}
