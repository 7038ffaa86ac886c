// Secrets as the pure layers know them: by name. A guest holds a placeholder, which says the name and is worth nothing;
// only a provider turns it into the value, on the host, towards the hosts that the secret names.

// A placeholder is read as far as a name can go; one that thereby names no secret is refused, never sent half replaced.

const PLACEHOLDER = /enclosure-secret:([A-Za-z][A-Za-z0-9_-]{0,63})/g;
const ONE_PLACEHOLDER = /^enclosure-secret:[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const REFERENCE = /\$\{secret:([A-Za-z][A-Za-z0-9_-]{0,63})\}/g;

/** What the guest sees in a secret's place: the same for every run. */
export function placeholderOf(name: string): string {
  return `enclosure-secret:${name}`;
}

/** Whether a text holds a placeholder. */
export function holdsPlaceholder(text: string): boolean {
  return text.search(PLACEHOLDER) >= 0;
}

/** The names in the placeholders that a text holds. */
export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => match[1] as string);
}

/** Whether a text is one placeholder and nothing else. */
export function isPlaceholder(text: string): boolean {
  return ONE_PLACEHOLDER.test(text);
}

/** `text` with every placeholder replaced. */
export function replacePlaceholders(text: string, value: (name: string) => string): string {
  return text.replace(PLACEHOLDER, (_whole, name: string) => value(name));
}

/** `text` of a manifest with every `${secret:NAME}` replaced. */
export function replaceReferences(text: string, value: (name: string) => string): string {
  return text.replace(REFERENCE, (_whole, name: string) => value(name));
}

/** The names that a manifest's text refers to as `${secret:NAME}`. */
export function referencedSecrets(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].map((match) => match[1] as string);
}

/** The secrets of one session. */
export interface Secrets {
  /**
   * The value of a secret, towards one of the hosts that it names (`name` or `name:port`).
   * @throws EnclosureError SECRET_UNKNOWN, SECRET_HOST_REFUSED; neither message holds a value.
   */
  reveal(name: string, host: string, port: number): string;
  /** With every value, also in base64, hexadecimal, percent- and JSON-encoded, replaced by its placeholder. Best effort beyond that. */
  redact(text: string): string;
  redact(bytes: Uint8Array): Uint8Array;
}
