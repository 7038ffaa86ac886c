// What the prelude itself puts on the guest's global and uses again, in the shapes that it uses; the guest has no DOM library.

declare class URL {
  constructor(url: string, base?: string);
  readonly href: string;
}

declare class URLSearchParams {
  toString(): string;
}

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
