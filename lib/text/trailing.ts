/**
 * A text without the characters at its end that are among some. The regular expression for it, `/[/]+$/`, takes quadratic time for
 * a text with a run of them that is not at its end.
 */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1])) end--;
  return text.slice(0, end);
}
