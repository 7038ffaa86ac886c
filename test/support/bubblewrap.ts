// Whether this machine has a bubblewrap that works. Tests of it are skipped, and shown as skipped, where it has none.
import { spawnSync } from "node:child_process";

export const BUBBLEWRAP = "/usr/bin/bwrap";

export const BUBBLEWRAP_WORKS =
  spawnSync(BUBBLEWRAP, ["--unshare-all", "--ro-bind", "/", "/", "true"], { stdio: "ignore" }).status === 0;
