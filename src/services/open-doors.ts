import type { PlannedService } from '../definitions/definitions.ts';
import type { Settings } from '../settings/settings.ts';

/** The shipped services that ask for a password, unless LINTEL_AUTH=none. sshd always asks. */
const DOORS: readonly string[] = ['jupyter', 'code-server', 'rstudio', 'x11vnc'];

/** What LINTEL_AUTH=none opens, in a sentence; nothing where no service of ours is affected. */
export function findOpenDoors(services: readonly PlannedService[], { auth }: Settings): string[] {
  if (auth !== 'none') return [];
  const open = services
    .filter(({ definition: { name, origin } }) => origin === 'shipped' && DOORS.includes(name))
    .map(({ definition }) => definition.name);
  if (open.length === 0) return [];
  const [verb, their] = open.length === 1 ? ['lets', 'its'] : ['let', 'their'];
  return [
    `LINTEL_AUTH=none: ${open.join(', ')} ${verb} in whoever reaches ${their} port, without a password`,
  ];
}
