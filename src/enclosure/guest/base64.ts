// atob and btoa (HTML standard, 8.3) over the language's own base64.

import { DOMException } from "./dom-exception.ts";
import { publish } from "./intrinsics.ts";

const fromBase64 = Uint8Array.fromBase64.bind(Uint8Array);

export function installBase64(global: object): void {
  const functions = {
    atob(text: unknown): string {
      let bytes: Uint8Array;
      try {
        bytes = fromBase64(`${text as string}`);
      } catch {
        throw new DOMException("The string to be decoded is not correctly encoded.", "InvalidCharacterError");
      }
      let binary = "";
      for (const byte of bytes) binary += String.fromCharCode(byte);
      return binary;
    },
    btoa(text: unknown): string {
      const binary = `${text as string}`;
      const bytes = new Uint8Array(binary.length);
      for (let i = 0; i < binary.length; i++) {
        const unit = binary.charCodeAt(i);
        if (unit > 0xff) throw new DOMException("A character is outside Latin-1.", "InvalidCharacterError");
        bytes[i] = unit;
      }
      return bytes.toBase64();
    },
  };
  publish(global, functions);
}
