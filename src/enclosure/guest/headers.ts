// Headers (Fetch standard, 5.1), without guards.

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FORBIDDEN_IN_VALUE = /[\0\r\n]/;

export type HeadersInit = Headers | Iterable<Iterable<unknown>> | Readonly<Record<string, unknown>>;

export class Headers {
  /** By lower-case name, in the order of arrival. */
  readonly #values = new Map<string, string[]>();

  constructor(init?: HeadersInit | null) {
    if (init === undefined || init === null) return;
    if (typeof init !== "object") throw new TypeError("Headers wants an object or pairs");
    if (Symbol.iterator in init) {
      for (const pair of init) {
        const [name, value, ...rest] = [...(pair as Iterable<unknown>)];
        if (value === undefined || rest.length > 0) throw new TypeError("a header is a pair of name and value");
        this.append(name, value);
      }
    } else for (const [name, value] of Object.entries(init)) this.append(name, value);
  }

  append(name: unknown, value: unknown): void {
    const key = normalName(name);
    const text = normalValue(value);
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, [text]);
    else known.push(text);
  }
  set(name: unknown, value: unknown): void {
    this.#values.set(normalName(name), [normalValue(value)]);
  }
  delete(name: unknown): void {
    this.#values.delete(normalName(name));
  }
  get(name: unknown): string | null {
    return this.#values.get(normalName(name))?.join(", ") ?? null;
  }
  has(name: unknown): boolean {
    return this.#values.has(normalName(name));
  }
  getSetCookie(): string[] {
    return [...(this.#values.get("set-cookie") ?? [])];
  }
  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  *entries(): Generator<[name: string, value: string], void, undefined> {
    for (const name of [...this.#values.keys()].sort()) {
      const values = this.#values.get(name) ?? [];
      if (name === "set-cookie") for (const value of values) yield [name, value];
      else yield [name, values.join(", ")];
    }
  }
  *keys(): Generator<string, void, undefined> {
    for (const [name] of this.entries()) yield name;
  }
  *values(): Generator<string, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }
  [Symbol.iterator](): Generator<[name: string, value: string], void, undefined> {
    return this.entries();
  }
}

function normalName(name: unknown): string {
  const text = `${name as string}`;
  if (!NAME.test(text)) throw new TypeError(`"${text}" is no header name`);
  return text.toLowerCase();
}

function normalValue(value: unknown): string {
  const text = `${value as string}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (FORBIDDEN_IN_VALUE.test(text)) throw new TypeError("a header value with a line break");
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) throw new TypeError("a header value outside Latin-1");
  }
  return text;
}
