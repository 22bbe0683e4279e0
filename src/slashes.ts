/**
 * A path or a URL without the slashes at its end; the empty text for nothing but slashes. The look-behind keeps it linear:
 * without it a long row of slashes in the middle is begun with again at each of them.
 */
export function withoutLastSlashes(text: string): string {
  return text.replace(/(?<!\/)\/+$/, '');
}
