/**
 * Finds the word in a list that is most similar to a given word.
 */

/** @returns `undefined` if none is similar: more than a third of the letters would have to change */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const ranked = words.map((one) => ({ one, changes: changesBetween(word, one) })).sort((a, b) => a.changes - b.changes);
  return ranked.find(({ one, changes }) => changes <= Math.max(one.length, word.length) / 3)?.one;
}

/**
 * The number of letters to insert, remove, replace or exchange with the next one to turn one word into the other (Damerau and
 * Levenshtein). If it exceeds `most`, the result is any number above `most`.
 */
export function changesBetween(from: string, to: string, most = Infinity): number {
  if (Math.abs(from.length - to.length) > most) return most + 1;
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = rows[i - 1][j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isExchanged = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row.push(Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, replaced, isExchanged ? rows[i - 2][j - 2] + 1 : Infinity));
    }
    rows.push(row);
  }
  return rows[from.length][to.length];
}
