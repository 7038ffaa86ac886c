// Parse: a manifest's text to a Manifest, or to all of its problems at once. Stages, each of which looks at everything
// that the one before left standing: YAML, grammar, what is not built, references and bounds, profiles, rules.
// Never throws on any text.

import { type Hasher, pureHasher, sha256Hex } from "../base/bytes.ts";
import type { Problem } from "../base/errors.ts";
import { isCapabilityName } from "../base/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import type { JsonSchema, Kind, KindName } from "../kinds/contract.ts";
import { refuseUnbuilt } from "./built.ts";
import { compileChecker } from "./checker.ts";
import { fit } from "./fit.ts";
import type { Authored, AuthoredGrant, AuthoredLimits, Manifest } from "./form.ts";
import { compileGrants, compileKind } from "./grants.ts";
import { manifestSchema } from "./grammar.ts";
import { checkLimits } from "./limits.ts";
import { entries, member } from "./members.ts";
import { checkPlaceholders } from "./placeholders.ts";
import { mergeProblems, step, type Report } from "./problems.ts";
import { checkProfiles } from "./profile.ts";
import { resolveManifest } from "./resolve.ts";
import { readYaml } from "./yaml.ts";

export interface ParseOptions {
  /** The file's path as it was named; only for messages. */
  readonly file: string;
  readonly kinds: ReadonlyMap<KindName, Kind>;
  readonly hasher?: Hasher;
}

export interface ParsedManifest {
  /** Absent where there is an error among the problems. */
  readonly manifest?: Manifest;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

/** Parses and validates a manifest. What depends on the functions of host modules is `compileGrants`' to find. */
export function parseManifest(text: string, { file, kinds, hasher = pureHasher }: ParseOptions): ParsedManifest {
  const { value, findings, locate } = readYaml(text);
  if (value === undefined) return { problems: findings.problems };
  const { report } = findings;
  const at: Manifest["at"] = (pointer) => ({ pointer, ...locate(pointer) });

  const schema = manifestSchema(kinds);
  const definitions = schema["$defs"] as Definitions;
  fit(value, schema, "", definitions, report);
  refuseUnbuilt(value, report);
  // A part that is malformed has been told of; what is beside it is looked at all the same.
  const sound = (pointer: string): boolean => !findings.hasErrorUnder(pointer);
  // What stands where nothing is malformed has kept to the grammar: it is what the type says.
  const manifest = { file, fileSha256: sha256Hex(text, hasher), authored: value as unknown as Authored, at };
  if (isJsonObject(value)) {
    checkSchemas(value, sound, report);
    checkAllLimits(value, sound, report);
    checkProfileRules(value, kinds, definitions, report);
    checkProfiles(manifest.authored, findings, report);
    checkRules(value, kinds, sound, at, report);
    for (const { line, column, ...problem } of profileErrors(manifest, kinds, sound))
      findings.report({ ...problem, place: { line, column } });
    checkPlaceholders(value, kinds, findings, report);
  }
  const { problems } = findings;
  return sound("") ? { manifest, problems } : { problems };
}

/** The grants that a text lists, whatever else is wrong with it; undefined where it cannot be told which they are. */
export function listedGrants(text: string): readonly string[] | undefined {
  const { value, findings } = readYaml(text);
  const grants = member(value, "capabilities");
  if (!isJsonObject(grants) || findings.hasErrorAt("/capabilities")) return undefined;
  return Object.keys(grants).filter(isCapabilityName);
}

/** Errors in rules that a profile puts in the place of the manifest's own, where the grant is sound on both sides. */
function profileErrors(manifest: Manifest, kinds: ReadonlyMap<KindName, Kind>, sound: Sound): readonly Problem[] {
  const whole = manifest.authored as unknown as JsonObject;
  const problems = entries(member(whole, "profiles")).flatMap(([name, profile]) => {
    const narrowed = entries(member(profile, "capabilities")).filter(([grant]) => {
      const pointer = `/capabilities${step(grant)}`;
      const kind = kinds.get(member(member(member(whole, "capabilities"), grant), "use") as KindName);
      return kind !== undefined && sound(pointer) && sound(`/profiles${step(name)}${pointer}`);
    });
    if (narrowed.length === 0) return [];
    const capabilities = narrowed.map(([grant]) => [grant, member(member(whole, "capabilities"), grant)]);
    const authored: Authored = {
      enclosure: 1,
      name: "",
      version: "",
      capabilities: Object.fromEntries(capabilities) as Record<string, AuthoredGrant>,
      profiles: { [name]: { capabilities: Object.fromEntries(narrowed) as Record<string, JsonObject> } },
    };
    return compileGrants(resolveManifest({ ...manifest, authored }, name), new Map(), kinds).problems;
  });
  return mergeProblems(problems).filter(({ severity }) => severity === "error");
}

type Definitions = { readonly [name: string]: JsonSchema };
type Sound = (pointer: string) => boolean;

function checkSchemas(manifest: JsonObject, sound: Sound, report: Report): void {
  for (const key of ["input", "output"]) {
    const schema = member(manifest["agent"], key);
    const pointer = `/agent/${key}`;
    if (schema !== undefined && sound(pointer)) compileChecker(schema as JsonSchema, pointer, report);
  }
}

function checkAllLimits(manifest: JsonObject, sound: Sound, report: Report): void {
  const places: readonly (readonly [string, JsonValue | undefined])[] = [
    ["/limits", manifest["limits"]],
    ...entries(manifest["profiles"]).map(
      ([name, profile]) => [`/profiles${step(name)}/limits`, member(profile, "limits")] as const,
    ),
  ];
  for (const [pointer, limits] of places) {
    const valid = entries(limits).filter(([key]) => sound(pointer + step(key)));
    checkLimits(Object.fromEntries(valid) as AuthoredLimits, pointer, report);
  }
}

/** Compiles every grant that is well formed, so that what is wrong with its rules is told along with the rest. */
function checkRules(
  manifest: JsonObject,
  kinds: ReadonlyMap<KindName, Kind>,
  sound: Sound,
  at: Manifest["at"],
  report: Report,
): void {
  for (const [name, grant] of entries(manifest["capabilities"])) {
    const pointer = `/capabilities${step(name)}`;
    const kind = kinds.get(member(grant, "use") as KindName);
    if (kind !== undefined && sound(pointer))
      compileKind(kind, grant as JsonObject, undefined, { pointer, at, report, placeholders: new Set() });
  }
}

const LISTS = ["allow", "ask", "deny"];

/** A profile's lists of rules are ones that the grant's kind has, of the form that it gives them. */
function checkProfileRules(
  manifest: JsonObject,
  kinds: ReadonlyMap<KindName, Kind>,
  definitions: Definitions,
  report: Report,
): void {
  for (const [profile, said] of entries(manifest["profiles"])) {
    for (const [name, narrowed] of entries(member(said, "capabilities"))) {
      const kind = kinds.get(member(member(manifest["capabilities"], name), "use") as KindName);
      const pointer = `/profiles${step(profile)}/capabilities${step(name)}`;
      for (const list of LISTS) {
        const rules = member(narrowed, list);
        if (rules === undefined || kind === undefined) continue;
        const form = kind.keys[list];
        if (form !== undefined) fit(rules, form, `${pointer}/${list}`, definitions, report);
        else refuseList(list, kind, pointer, report);
      }
    }
  }
}

function refuseList(list: string, { name, keys }: Kind, pointer: string, report: Report): void {
  report({
    code: "MANIFEST_KEY_UNKNOWN",
    pointer: `${pointer}/${list}`,
    message: `${pointer.slice(1).replaceAll("/", ".")}: unknown key "${list}": a grant of kind ${name} has no such list`,
    mend: `Its lists are: ${LISTS.filter((one) => Object.hasOwn(keys, one)).join(", ")}.`,
  });
}
