// Classes of the web (URL, TextEncoder, structuredClone and others) are often the host's own, handed in. So are what they
// return, what they throw, and what calls back.
// Invariant: the web's classes are the prelude's, made in the isolate.

export default async function () {
  const climb = (object) => object.constructor.constructor("return globalThis.process?.env.CANARY")();
  const deeds = [
    () => climb(URL),
    () => climb(new URL("https://example.com/").searchParams),
    () => climb(new TextEncoder().encode("a")),
    () => climb(structuredClone({ a: new Map() })),
    () => climb(structuredClone(() => {})),
    () => climb(AbortSignal.abort().reason),
    () => climb(crypto.getRandomValues(new Uint8Array(1))),
    () => climb(Iterator.from({ next: () => ({ done: true }) })),
    () => climb(new Intl.Segmenter().segment("a")),
    () => climb(Temporal.Now.instant()),
    () => climb(new Headers([["a", "b"]])),
    () => climb(performance),
  ];
  for (const deed of deeds) {
    try {
      const got = deed();
      if (got !== undefined) return got;
    } catch (error) {
      try {
        const got = error.constructor.constructor("return process.env.CANARY")();
        if (got !== undefined) return got;
      } catch {}
    }
  }
}
