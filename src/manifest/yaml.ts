// YAML: a text to one JSON value, with the place of everything in it. YAML 1.2 core schema, one document; no tags, no
// directives, no merge keys, no duplicate keys, keys are texts, few aliases, bounded depth. Never throws on any text.
// The concrete syntax tree is scanned first, without recursion, so that what composes it recursively meets no depth.

import { CST, Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Parser } from "yaml";
import type { Document, Pair, ParsedNode, YAMLMap } from "yaml";
import { utf8Length } from "../base/bytes.ts";
import type { ErrorCode, Problem } from "../base/errors.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { MANIFEST_ALIASES_MAX, MANIFEST_BYTES_MAX } from "../base/limits.ts";
import { Findings, step, stepsOf, type Place, type Report } from "./problems.ts";

/** Deepest nesting of a manifest: its canonical form, a little deeper than itself, must stay within base/json's bound. */
const DEPTH_MAX = 28;
/** Most values of a manifest, aliases expanded. */
const NODES_MAX = 100_000;

type Node = ParsedNode | null | undefined;

export interface YamlReading {
  /** Absent where the text is not acceptable YAML. Of a key that stands twice it has the first, beside the finding. */
  readonly value?: JsonValue;
  /** What was found so far, for whoever looks at the value to add to: it places what it is told of. */
  readonly findings: Findings;
  /** The place of a pointer, or of its nearest ancestor that is there. A collection stands where its key does. */
  readonly locate: (pointer: string) => Place;
}

/** Findings that are about a key rather than its value: they stand where the key does. */
const KEYED: ReadonlySet<ErrorCode> = new Set(["MANIFEST_KEY_UNKNOWN", "MANIFEST_KEY_MISSING"]);

/** Reads a text as YAML; problems are MANIFEST_TOO_LARGE, MANIFEST_SYNTAX and MANIFEST_KEY_DUPLICATE. */
export function readYaml(text: string): YamlReading {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const top: Place = { line: 1, column: 1 };
  let at = (_pointer: string, _keyFirst: boolean): Place => top;
  const findings = new Findings((pointer, code) => at(pointer, KEYED.has(code)));
  const refuse = (message: string, offset: number, mend?: string, code: Problem["code"] = "MANIFEST_SYNTAX"): void =>
    findings.report({ code, pointer: "", message, place: placeAt(offset), ...(mend === undefined ? {} : { mend }) });
  const failed = (): YamlReading => ({ findings, locate: () => top });

  if (utf8Length(text) > MANIFEST_BYTES_MAX) {
    refuse(`the file is larger than ${MANIFEST_BYTES_MAX} bytes`, 0, undefined, "MANIFEST_TOO_LARGE");
    return failed();
  }
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  scanTokens(tokens, refuse);
  if (findings.problems.length > 0) return failed();

  const documents = [...new Composer({ lineCounter: lines, uniqueKeys: false, prettyErrors: false }).compose(tokens)];
  const document = documents[0];
  for (const one of documents) for (const error of one.errors) refuse(error.message, error.pos[0]);
  if (document === undefined || document.contents === null) refuse("the file is empty", 0, "Write a manifest into it.");
  if (document === undefined || findings.problems.length > 0) return failed();

  at = (pointer, keyFirst) => placeAt(offsetOf(document, pointer, keyFirst));
  let acceptable = true;
  const report: Report = (finding) => {
    if (finding.code !== "MANIFEST_KEY_DUPLICATE") acceptable = false;
    findings.report(finding);
  };
  const value = new Converter(document, report, placeAt).convert(document.contents, "", 0);
  return {
    ...(value === undefined || !acceptable ? {} : { value }),
    findings,
    locate: (pointer) => at(pointer, false),
  };
}

/** Refuses by token what a manifest has no use for; stops at the first nesting that is too deep. */
function scanTokens(
  tokens: readonly CST.Token[],
  refuse: (message: string, offset: number, mend?: string, code?: Problem["code"]) => void,
): void {
  const pending = tokens.map((token) => ({ token, depth: 0 }));
  const second = tokens.filter(({ type }) => type === "document")[1];
  if (second !== undefined) refuse("a second document in the file", second.offset, "Keep one document a file.");
  while (pending.length > 0) {
    const { token, depth } = pending.pop() as (typeof pending)[number];
    if (token.type === "tag") refuse(`the tag ${token.source.slice(0, 40)}`, token.offset, "Write the value plainly.");
    if (token.type === "directive") refuse("a YAML directive", token.offset, "Remove the line.");
    if (CST.isCollection(token) && depth > DEPTH_MAX) {
      return refuse(`nested deeper than ${DEPTH_MAX}`, token.offset, undefined, "MANIFEST_TOO_LARGE");
    }
    for (const inner of innerTokens(token))
      pending.push({ token: inner, depth: depth + (CST.isCollection(token) ? 1 : 0) });
  }
}

function innerTokens(token: CST.Token): readonly CST.Token[] {
  if (token.type === "document") return [...token.start, ...(token.value === undefined ? [] : [token.value])];
  if (token.type === "block-scalar") return token.props;
  if (!CST.isCollection(token)) return [];
  const items: readonly CST.CollectionItem[] = token.items;
  return items.flatMap(({ start, key, sep, value }) => [
    ...start,
    ...(key ? [key] : []),
    ...(sep ?? []),
    ...(value === undefined ? [] : [value]),
  ]);
}

/** Turns nodes into plain values, refusing what JSON cannot hold. */
class Converter {
  readonly #document: Document.Parsed;
  readonly #report: Report;
  readonly #placeAt: (offset: number) => Place;
  #aliases = 0;
  #nodes = 0;

  constructor(document: Document.Parsed, report: Report, placeAt: (offset: number) => Place) {
    this.#document = document;
    this.#report = report;
    this.#placeAt = placeAt;
  }

  convert(node: Node, pointer: string, depth: number): JsonValue | undefined {
    if (depth > DEPTH_MAX) return this.#refuse(node, pointer, `nested deeper than ${DEPTH_MAX}`, "MANIFEST_TOO_LARGE");
    if (++this.#nodes > NODES_MAX) {
      if (this.#nodes > NODES_MAX + 1) return undefined;
      return this.#refuse(node, pointer, `more than ${NODES_MAX} values`, "MANIFEST_TOO_LARGE");
    }
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      if (++this.#aliases > MANIFEST_ALIASES_MAX) {
        if (this.#aliases > MANIFEST_ALIASES_MAX + 1) return undefined;
        return this.#refuse(node, pointer, `aliases expand more than ${MANIFEST_ALIASES_MAX} times`);
      }
      return this.convert(node.resolve(this.#document) as Node, pointer, depth + 1);
    }
    if (isMap<ParsedNode, Node>(node)) return this.#object(node, pointer, depth);
    if (isSeq<ParsedNode>(node)) {
      return node.items.map((item, index) => this.convert(item, pointer + step(index), depth + 1) ?? null);
    }
    return this.#scalar(node, pointer);
  }

  #object(node: YAMLMap<ParsedNode, Node>, pointer: string, depth: number): JsonObject {
    const object: Record<string, JsonValue> = {};
    for (const { key, value } of node.items) {
      const name = isScalar(key) && typeof key.value === "string" && key.value.isWellFormed() ? key.value : undefined;
      if (name === undefined) {
        this.#refuse(key, pointer, "a key that is not a text", "MANIFEST_SYNTAX", "Quote the key.");
      } else if (name === "<<" || name === "__proto__") {
        this.#refuse(
          key,
          pointer,
          `the key ${name}`,
          "MANIFEST_SYNTAX",
          "Write the keys out; there are no merge keys.",
        );
      } else if (Object.hasOwn(object, name)) {
        this.#refuse(
          key,
          pointer + step(name),
          `the key ${JSON.stringify(name)} stands here twice`,
          "MANIFEST_KEY_DUPLICATE",
        );
      } else object[name] = this.convert(value, pointer + step(name), depth + 1) ?? null;
    }
    return object;
  }

  #scalar(node: ParsedNode, pointer: string): JsonValue | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "string") {
      return value.isWellFormed() ? value : this.#refuse(node, pointer, "a text with half a surrogate pair");
    }
    if (typeof value !== "number") return this.#refuse(node, pointer, "a value that JSON does not have");
    const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return exact
      ? value
      : this.#refuse(node, pointer, "a number that cannot be kept exactly", "MANIFEST_SYNTAX", "Quote it.");
  }

  #refuse(
    node: Node,
    pointer: string,
    message: string,
    code: Problem["code"] = "MANIFEST_SYNTAX",
    mend?: string,
  ): undefined {
    const place = this.#placeAt(node?.range[0] ?? 0);
    this.#report({ code, pointer, message, place, ...(mend === undefined ? {} : { mend }) });
    return undefined;
  }
}

/** Where a pointer's node starts in the text, or its nearest ancestor; a collection in a map starts with its key. */
function offsetOf(document: Document.Parsed, pointer: string, keyFirst: boolean): number {
  let node: Node = document.contents;
  let offset = node?.range[0] ?? 0;
  for (const name of stepsOf(pointer)) {
    while (isAlias(node)) node = node.resolve(document) as Node;
    if (isMap<ParsedNode, Node>(node)) {
      const pair: Pair<ParsedNode, Node> | undefined = node.items.find(
        ({ key }) => isScalar(key) && key.value === name,
      );
      if (pair === undefined) break;
      node = pair.value;
      const scalar = isScalar(node) && !keyFirst && node.source !== "";
      offset = (scalar ? node : pair.key)?.range?.[0] ?? offset;
    } else if (isSeq<ParsedNode>(node)) {
      const item: Node = node.items[Number(name)];
      if (item === undefined) break;
      node = item;
      offset = node?.range[0] ?? offset;
    } else break;
  }
  return offset;
}
