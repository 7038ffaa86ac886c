// Builds dist/ once before the tests, since the guest, its watchdog and host modules run as programs of their own.
import { execFileSync } from "node:child_process";

export default function setup(): void {
  execFileSync(process.execPath, ["scripts/build.js"], { stdio: "inherit" });
}
