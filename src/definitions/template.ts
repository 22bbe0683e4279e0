import type { Environment } from '../launch/environ.ts';

/** `$${` on purpose, or a name with or without a default, which ends at the first brace: nothing nests. */
const PLACE = /\$\$\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

/**
 * The text with `${NAME}` and `${NAME:-default}` replaced from `environment`, once: what comes in is not looked at
 * again, and nothing is evaluated. The default stands for a variable that is unset or empty, as in a shell; without
 * one it is "". `$${` writes `${`; everything else stays as it is.
 */
export function fillTemplate(text: string, environment: Environment): string {
  const look = (name: string) => (Object.hasOwn(environment, name) ? environment[name] : undefined);
  return text.replaceAll(PLACE, (place, name: string | undefined, otherwise = '') =>
    name === undefined ? place.slice(1) : look(name) || otherwise,
  );
}
