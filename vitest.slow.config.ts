// What takes longer than the gate may: crashes, soaks, packaging, the real desks whole.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/slow/**/*.test.ts"],
    pool: "forks",
    fileParallelism: false,
    // Of the tests that a file lets run side by side.
    maxConcurrency: 3,
    globalSetup: ["test/support/build.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
