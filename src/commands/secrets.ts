import type { Definition } from '../definitions/definitions.ts';
import { maskUrl } from '../settings/url.ts';

/**
 * What is printed may end in a ticket, and a service's own variables, and the URLs that it is probed by, are where
 * image authors put tokens.
 */
export function hideSecrets(definition: Definition): Definition {
  const env = Object.fromEntries(Object.keys(definition.env).map(name => [name, '***']));
  const { ready, health } = definition;
  return { ...definition, env, ready: ready && hideIn(ready), health: health && hideIn(health) };
}

function hideIn<T extends { readonly probe: object }>(asked: T): T {
  const { probe } = asked;
  return 'http' in probe ? { ...asked, probe: { http: maskUrl(String(probe.http)) } } : asked;
}
