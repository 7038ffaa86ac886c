// DOMException (Web IDL): the error of the web's own interfaces, as far as agents look at it: name, message, code.

import { define, listIndexOf, NativeError } from "./intrinsics.ts";

/** The names that have a number from before names were used (Web IDL 2.8.1), at their number less one. */
const LEGACY =
  "IndexSizeError,,HierarchyRequestError,WrongDocumentError,InvalidCharacterError,,NoModificationAllowedError,NotFoundError,NotSupportedError,InUseAttributeError,InvalidStateError,SyntaxError,InvalidModificationError,NamespaceError,InvalidAccessError,,TypeMismatchError,SecurityError,NetworkError,AbortError,URLMismatchError,QuotaExceededError,TimeoutError,InvalidNodeTypeError,DataCloneError".split(
    ",",
  );

export class DOMException extends NativeError {
  readonly code: number;

  constructor(message = "", name = "Error") {
    super(`${message}`);
    define(this, "name", `${name}`);
    this.code = listIndexOf(LEGACY, `${name}`) + 1;
    define(this, "code", this.code);
  }
}
