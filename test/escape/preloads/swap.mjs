// The worst moment, played: whoever opens a file named racing.json finds that it has just become a link out of the project.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";

const { openSync } = fs;
fs.openSync = (path, ...rest) => {
  if (typeof path === "string" && path.endsWith("/racing.json")) {
    fs.unlinkSync(path);
    fs.symlinkSync(join(dirname(dirname(path)), "canary.json"), path);
  }
  return openSync(path, ...rest);
};
syncBuiltinESMExports();
