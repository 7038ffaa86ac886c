// Values as text for `console`: plain and the same every time. Bounded in depth, entries and length; a getter is named,
// not run; what a Proxy or a patched method throws becomes a word in the text.

import {
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  indexOf,
  isArray,
  keys,
  min,
  NativeNumber,
  NativeString,
  slice,
  stringifyJson,
  trunc,
} from "./intrinsics.ts";

const DEPTH_MAX = 4;
const ENTRIES_MAX = 100;
/** One text, and one line of several. */
const TEXT_CHARS_MAX = 16_384;
const LINE_CHARS_MAX = 2 * TEXT_CHARS_MAX;

/** One log line: `%` directives where the first value is a text that has them, the rest joined by spaces. */
export function formatLine(values: readonly unknown[]): string {
  let text = "";
  let next = 0;
  if (typeof values[0] === "string") [text, next] = substitute(cut(values[0]), values);
  for (let i = next; i < values.length && text.length <= LINE_CHARS_MAX; i++) {
    const value = values[i];
    text += (i === 0 ? "" : " ") + (typeof value === "string" ? cut(value) : inspect(value));
  }
  return cut(text, LINE_CHARS_MAX);
}

/** Long texts are cut before anything is done with them, and say so. */
function cut(text: string, charsMax = TEXT_CHARS_MAX): string {
  if (text.length <= charsMax) return text;
  return `${slice(text, 0, charsMax)}… (${text.length - charsMax} characters more)`;
}

function substitute(format: string, values: readonly unknown[]): [text: string, next: number] {
  let text = "";
  let next = 1;
  for (let at = 0; ;) {
    const percent = indexOf(format, "%", at);
    if (percent === -1 || percent === format.length - 1) return [text + slice(format, at), next];
    text += slice(format, at, percent);
    const directive = slice(format, percent + 1, percent + 2);
    at = percent + 2;
    if (directive === "%") text += "%";
    else if (next < values.length && indexOf("sdifjoOc", directive) !== -1) {
      text += spellDirective(directive, values[next++]);
    } else text += `%${directive}`;
  }
}

function spellDirective(directive: string, value: unknown): string {
  if (directive === "c") return "";
  if (directive === "s") return typeof value === "string" ? cut(value) : inspect(value);
  if (directive === "j") return cut(guarded(() => stringifyJson(value) ?? "undefined"));
  if (directive === "o" || directive === "O") return inspect(value);
  if (typeof value === "bigint") return `${value}n`;
  const number = typeof value === "number" || typeof value === "string" ? NativeNumber(value) : NaN;
  return `${directive === "i" ? trunc(number) : number}`;
}

export function inspect(value: unknown): string {
  return guarded(() => show(value, 0, []));
}

function guarded(spell: () => string): string {
  try {
    return spell();
  } catch {
    return "[cannot be shown]";
  }
}

function show(value: unknown, depth: number, above: readonly object[]): string {
  switch (typeof value) {
    case "string":
      return depth === 0 ? value : stringifyJson(cut(value));
    case "bigint":
      return `${value}n`;
    case "symbol":
      return NativeString(value);
    case "function":
      return `[function${typeof value.name === "string" && value.name !== "" ? ` ${value.name}` : ""}]`;
    case "object":
      return value === null ? "null" : showObject(value, depth, above);
    default:
      return Object.is(value, -0) ? "-0" : `${value as number}`;
  }
}

function showObject(value: object, depth: number, above: readonly object[]): string {
  if (above.includes(value)) return "[circular]";
  if (Error.isError(value)) return showError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return `/${value.source}/${value.flags}`;
  if (value instanceof Promise) return "Promise {}";
  const name = className(value);
  if (depth >= DEPTH_MAX) return isArray(value) ? "[array]" : `[${name || "object"}]`;
  const path = [...above, value];
  if (isArray(value)) return `[${list(value.length, (i) => show(value[i], depth + 1, path))}]`;
  if (value instanceof Map) return `Map(${value.size}) {${showEntries([...value], depth, path)}}`;
  if (value instanceof Set) {
    const items = [...value];
    return `Set(${items.length}) {${list(items.length, (i) => show(items[i], depth + 1, path))}}`;
  }
  if (ArrayBuffer.isView(value) && "length" in value) {
    const items = value as unknown as ArrayLike<unknown>;
    return `${name}(${items.length}) [${list(items.length, (i) => show(items[i], depth + 1, path))}]`;
  }
  const members = keys(value);
  const text = list(members.length, (i) => showMember(value, members[i] as string, depth, path));
  return `${name === "" || name === "Object" ? "" : `${name} `}{${text === "" ? "" : ` ${text} `}}`;
}

function showMember(object: object, key: string, depth: number, path: readonly object[]): string {
  const member = getOwnPropertyDescriptor(object, key);
  const label = /^[A-Za-z_$][\w$]*$/.test(key) ? key : stringifyJson(key);
  if (member === undefined || !hasOwn(member, "value")) return `${label}: [getter]`;
  return `${label}: ${show(member.value, depth + 1, path)}`;
}

function showEntries(
  entries: readonly (readonly [unknown, unknown])[],
  depth: number,
  path: readonly object[],
): string {
  return list(entries.length, (i) => {
    const [key, value] = entries[i] as readonly [unknown, unknown];
    return `${show(key, depth + 1, path)} => ${show(value, depth + 1, path)}`;
  });
}

function showError(error: Error): string {
  const { stack } = error;
  return typeof stack === "string" && stack !== "" ? stack : `${error.name}: ${error.message}`;
}

function className(object: object): string {
  const prototype = getPrototypeOf(object) as { readonly constructor?: { readonly name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  return typeof name === "string" ? slice(name, 0, 64) : "";
}

function list(length: number, item: (index: number) => string): string {
  let text = "";
  const shown = min(length, ENTRIES_MAX);
  for (let i = 0; i < shown && text.length <= TEXT_CHARS_MAX; i++) text += (i === 0 ? "" : ", ") + item(i);
  return length > shown ? `${text}, … ${length - shown} more` : text;
}
