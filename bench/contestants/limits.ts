// What every contestant is given, the product too: so much time, by the clock and of the processor, and so much memory.

export const LIMITS = { ms: 2000, memoryMiB: 64 } as const;
