// Whether this machine has a bubblewrap that works. Tests of it are skipped, and shown as skipped, where it has none.
import { spawnSync } from "node:child_process";

export const BUBBLEWRAP = "/usr/bin/bwrap";

/** Its arguments for a command that sees this machine as one on which no user namespace can be made. */
export const NO_NAMESPACES: readonly string[] = ["--dev-bind", "/", "/", "--unshare-user", "--disable-userns"];

export const BUBBLEWRAP_WORKS =
  spawnSync(BUBBLEWRAP, ["--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"], { stdio: "ignore" })
    .status === 0;
