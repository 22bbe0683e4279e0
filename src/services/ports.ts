import type { Definition, PlannedService } from '../definitions/definitions.ts';
import { parseAddress, type Readiness } from '../definitions/probe-schema.ts';
import { fillTemplate } from '../definitions/template.ts';
import type { Problem } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import type { Settings } from '../settings/settings.ts';

const SSHD_PORT = 2222;
/** Of URLs that name none. */
const USUAL_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
const LOOPBACK = /^(localhost|127(\.\d+){3}|0\.0\.0\.0|::1?)$/;

/**
 * LINTEL_HTTP on the port of a service that is to run: only one of them could listen there, and which is a matter of
 * chance. A service's port is the one that it is asked by whether it is ready; of sshd, which runs a program for that,
 * its setting.
 */
export function findPortClash(
  services: readonly PlannedService[],
  settings: Settings,
  environment: Environment,
): Problem[] {
  const { http } = settings;
  if (http === undefined) return [];
  return services
    .filter(({ definition }) => findPort(definition, settings, environment) === http.port)
    .map(({ definition: { name } }) => ({
      what: 'LINTEL_HTTP',
      seen: `port ${http.port}, which service ${name} listens on`,
      expected: 'a port that no service has',
      fatal: true,
    }));
}

function findPort(
  { name, origin, ready }: Definition,
  { sshdPort, bind }: Settings,
  environment: Environment,
): number | undefined {
  if (name === 'sshd' && origin === 'shipped') return sshdPort ?? SSHD_PORT;
  const asked = ready === undefined ? undefined : findAsked(ready.probe, environment);
  // A port of another machine is nobody's here.
  return asked !== undefined && (LOOPBACK.test(asked.host) || asked.host === bind) ? asked.port : undefined;
}

function findAsked(
  probe: Readiness['probe'],
  environment: Environment,
): { readonly host: string; readonly port: number } | undefined {
  if ('tcp' in probe) return parseAddress(fillTemplate(String(probe.tcp), environment));
  const url = 'http' in probe ? URL.parse(fillTemplate(probe.http, environment)) : null;
  if (url === null) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(url.port) || (USUAL_PORTS[url.protocol] ?? 0) };
}
