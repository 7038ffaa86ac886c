// The nearest known word to a misspelt one, for "did you mean". Bounded: long words are compared by their first 64 characters.

/** The known word nearest to `word`, if it is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const asked = word.slice(0, 64);
  const bound = Math.max(1, Math.floor(asked.length / 3));
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const one of known) {
    if (Math.abs(one.length - asked.length) > bound) continue;
    const distance = editDistance(asked.toLowerCase(), one.toLowerCase());
    if (distance <= bound && (best === undefined || distance < best.distance)) best = { word: one, distance };
  }
  return best?.word;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, (above[j] as number) + 1, (row[j - 1] as number) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (before[j - 2] as number) + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length] as number;
}
