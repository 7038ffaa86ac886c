// Failures of the kind fs: the operating system's codes as ours, with messages that name no path of the host.

import type { ErrorCode } from "../../base/errors.ts";

/** A call that cannot be done. `unknown`: something of it may have been. */
export class FsFailure extends Error {
  override readonly name = "FsFailure";
  readonly code: ErrorCode;
  readonly unknown: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    details: { readonly cause?: unknown; readonly unknown?: boolean } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.unknown = details.unknown ?? false;
  }
}

const MEANINGS: { readonly [code: string]: readonly [ErrorCode, string] } = {
  ENOENT: ["FS_NOT_FOUND", "there is nothing at the path"],
  EEXIST: ["FS_EXISTS", "there is something at the path already"],
  ENOTDIR: ["FS_WRONG_TYPE", "the path leads through something that is no folder"],
  EISDIR: ["FS_WRONG_TYPE", "the path is a folder"],
  ELOOP: ["FS_REFUSED", "the path is a symbolic link, or leads through one"],
  ENXIO: ["FS_REFUSED", "the path is neither a file nor a folder"],
  ENOTEMPTY: ["FS_WRONG_TYPE", "the folder is not empty"],
  EXDEV: ["FS_FAILED", "the two mounts are on different disks; write the file anew and remove the old one"],
};

/** What the operating system or a check of ours threw, as a failure. Anything else is a bug, and thrown on. */
export function toFailure(error: unknown): FsFailure {
  if (error instanceof FsFailure) return error;
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) throw error;
  const [code, message] = MEANINGS[error.code] ?? ["FS_FAILED", "the file could not be read or written"];
  return new FsFailure(code, message, { cause: error });
}

export function hasSystemCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
