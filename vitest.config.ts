// The gate's tests: quick, in parallel, without the network. What takes longer is in vitest.slow.config.ts.
import { defineConfig } from "vitest/config";

/** Tests that need a process to themselves: they start what a process starts once. */
const ALONE = ["test/bundle/failed.test.ts"];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: "100%",
    globalSetup: ["test/support/build.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      // One process for many files: loading the sources anew for each would take a third of the time.
      {
        extends: true,
        test: { name: "gate", include: ["test/**/*.test.ts"], exclude: ["test/slow/**", ...ALONE], isolate: false },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
