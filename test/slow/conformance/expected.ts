// Where a guest may differ from a plain realm in Test262, and why: docs/guest.md says the same to users. An entry that no
// test needs any more is an error.

export interface Expected {
  readonly why: string;
  /** The features that the test itself says it needs. */
  readonly features?: readonly string[];
  /** Paths below `test/`. */
  readonly paths?: RegExp;
}

export const EXPECTED: readonly Expected[] = [
  { why: "no SharedArrayBuffer", features: ["SharedArrayBuffer"] },
  { why: "no Atomics", features: ["Atomics"], paths: /^built-ins\/Atomics\// },
  { why: "no WeakRef", features: ["WeakRef"] },
  { why: "no FinalizationRegistry", features: ["FinalizationRegistry"] },
  { why: "import() rejects before it looks at what it is given", features: ["dynamic-import"] },
];
