// Verifying what bodies refer to: every payload and artefact is there, every kept byte answers for itself, and nothing is
// kept that no body refers to. Without the key that lies outside the store, sealed payloads can only be counted.

import { equalBytes, fromHex, type Hasher } from "../base/bytes.ts";
import type { ArtefactRef, PayloadRef } from "./events.ts";
import { type DataKey, openPayload, unwrapDataKey } from "./payload.ts";
import type { Sealer } from "./powers.ts";
import type { RefSink } from "./shapes.ts";
import type { AuditReads, DataKeyRow } from "./store.ts";
import type { Findings } from "./verdict.ts";

const PAGE = 100;
/** Data keys in use: remembered up to here, then anew. */
const DATA_KEYS_MAX = 1_000;
/** Distinct artefacts that are held against what records refer to: about 100 MB of digests. */
const ARTEFACTS_MAX = 1_000_000;

export interface PayloadPorts {
  readonly reads: AuditReads;
  readonly digest: Hasher;
  readonly sealer: Sealer;
  /** Wraps the data keys; absent where this user does not have it. */
  readonly wrapping: Uint8Array | undefined;
}

export class PayloadsCheck implements RefSink {
  readonly #ports: PayloadPorts;
  readonly #findings: Findings;
  readonly #artefactsMax: number;
  /** Those that records refer to and the store has, by digest: their lengths. */
  readonly #artefacts = new Map<string, number>();
  #isPastBound = false;
  readonly #dataKeys = new Map<string, DataKey | undefined>();
  #seq = 0;
  #shown = 0;
  #sealed = 0;
  #digests = 0;

  constructor(ports: PayloadPorts, findings: Findings, artefactsMax = ARTEFACTS_MAX) {
    this.#ports = ports;
    this.#findings = findings;
    this.#artefactsMax = artefactsMax;
  }

  get summary(): string {
    const counted = `${this.#shown} opened, ${this.#digests} kept as digests`;
    return this.#sealed === 0 ? counted : `${counted}, ${this.#sealed} sealed`;
  }

  /** The record that the references to come stand in. */
  at(seq: number): void {
    this.#seq = seq;
  }

  payload(ref: PayloadRef): void {
    const { commit, kid } = ref;
    if (commit === undefined || kid === undefined) return;
    const kept = this.#ports.reads.payload(kid, commit);
    if (kept === undefined) return this.#invalid(`a payload of record ${this.#seq} is missing`);
    const dataKey = this.#dataKeyOf(kid);
    if (dataKey === undefined) {
      this.#sealed++;
      return;
    }
    const opened = openPayload({ hasher: this.#ports.digest, sealer: this.#ports.sealer }, ref, kept, dataKey);
    if (opened.state === "shown") this.#shown++;
    else if (opened.state === "not-kept") this.#digests++;
    else if (opened.state === "invalid") this.#invalid(`a payload of record ${this.#seq}: ${opened.detail}`);
  }

  artefact({ sha256, bytes }: ArtefactRef): void {
    let length = this.#artefacts.get(sha256);
    if (length === undefined) {
      length = this.#ports.reads.artefactLength(sha256);
      if (length === undefined) return this.#invalid(`an artefact of record ${this.#seq} is missing: ${sha256}`);
      if (this.#artefacts.size < this.#artefactsMax) this.#artefacts.set(sha256, length);
      else this.#isPastBound = true;
    }
    if (length !== bytes) this.#invalid(`an artefact of record ${this.#seq} has another length: ${sha256}`);
  }

  /** After the last record: every row that has not been seen through a reference. */
  end(): void {
    this.#checkArtefacts();
    this.#checkDataKeys();
    const kept = this.#ports.reads.counts();
    const referred = this.#shown + this.#sealed + this.#digests;
    if (this.#findings.isEmpty) this.#unreferred(kept.payloads - referred, "payload");
    if (!this.#isPastBound) this.#unreferred(kept.artefacts - this.#artefacts.size, "artefact");
    else {
      const detail = `records refer to more than ${this.#artefactsMax} artefacts: whether others are kept was not looked at`;
      this.#findings.add("cannot-check", detail);
    }
    // No record refers to a key but through a payload, and those are all counted above.
    this.#unreferred(kept.idleDataKeys, "data key");
    if (this.#sealed > 0)
      this.#findings.add("cannot-check", `${this.#sealed} payloads are sealed under a key not held here`);
  }

  #unreferred(count: number, what: string): void {
    if (count <= 0) return;
    const rows = count === 1 ? `1 ${what}` : `${count} ${what}s`;
    this.#findings.add("invalid", `the store keeps ${rows} that no record refers to`);
  }

  #checkArtefacts(): void {
    const { reads, digest } = this.#ports;
    for (let after = ""; ;) {
      const page = reads.artefacts(after, PAGE);
      for (const { sha256, bytes } of page) {
        if (sha256.length !== 64 || !equalBytes(digest.sha256(bytes), fromHex(sha256))) {
          this.#findings.add("invalid", `the artefact ${sha256} is not what its digest says`);
        }
      }
      if (page.length < PAGE) return;
      after = page.at(-1)?.sha256 ?? "";
    }
  }

  #checkDataKeys(): void {
    const { reads, wrapping } = this.#ports;
    if (wrapping === undefined) return;
    for (let after = ""; ;) {
      const page = reads.dataKeys(after, PAGE);
      for (const row of page) {
        if (this.#unwrap(row, wrapping) === undefined) {
          this.#findings.add("invalid", `the data key ${row.kid} is not intact`);
        }
      }
      if (page.length < PAGE) return;
      after = page.at(-1)?.kid ?? "";
    }
  }

  #dataKeyOf(kid: string): DataKey | undefined {
    const { reads, wrapping } = this.#ports;
    if (this.#dataKeys.has(kid)) return this.#dataKeys.get(kid);
    const row = reads.dataKey(kid);
    const key = row && wrapping && this.#unwrap(row, wrapping);
    if (row === undefined) this.#invalid(`the data key of record ${this.#seq} is missing: ${kid}`);
    else if (wrapping !== undefined && key === undefined) {
      this.#invalid(`the data key of record ${this.#seq} is not intact: ${kid}`);
    }
    if (this.#dataKeys.size >= DATA_KEYS_MAX) this.#dataKeys.clear();
    this.#dataKeys.set(kid, key);
    return key;
  }

  #unwrap({ kid, wrapped }: DataKeyRow, wrapping: Uint8Array): DataKey | undefined {
    return kid.length === 32 ? unwrapDataKey(this.#ports.sealer, wrapping, kid, wrapped) : undefined;
  }

  #invalid(detail: string): void {
    this.#findings.add("invalid", detail, this.#seq);
  }
}
