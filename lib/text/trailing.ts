/**
 * Removes trailing characters from a text. A regular expression such as `/[/]+$/` takes quadratic time if the text contains a long run
 * of these characters elsewhere.
 */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1])) end--;
  return text.slice(0, end);
}
