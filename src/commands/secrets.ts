import type { Definition } from '../definitions/definitions.ts';

/** What is printed may end in a ticket, and a service's own variables are where image authors put tokens. */
export function hideVariables(definition: Definition): Definition {
  const env = Object.fromEntries(Object.keys(definition.env).map(name => [name, '***']));
  return { ...definition, env };
}
