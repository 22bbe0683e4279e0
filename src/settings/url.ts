/** Whether `text` is an absolute http or https URL with a host and no blanks or control characters. */
export function isHttpUrl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\s\x00-\x1f\x7f]/.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '';
}

/** Whether the URL carries a user name or a password: it must not stand in a file that others can read. */
export function hasCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== '' || url.password !== '');
}

/** The URL for people and logs: credentials and query replaced by ***. Also right for text that is no URL. */
export function maskUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.host === '')
    return text.replaceAll(/(^|[\s,]|\/\/)[^\s,]*@/g, '$1***@').replace(/\?.*/s, '?***');
  if (!hasCredentials(text) && url.search === '') return text;
  const user = hasCredentials(text) ? '***@' : '';
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === '' ? '' : '?***'}`;
}

/** Every URL in a longer text masked as by `maskUrl`. */
export function maskUrls(text: string): string {
  return text.replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>,]+/gi, maskUrl);
}
