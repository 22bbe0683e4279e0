import type { Definition } from '../definitions/definitions.ts';
import { readHead } from './files.ts';

/** Name of a service of the image -> programs of shipped services that its `run` names. */
export type Mentions = Readonly<Record<string, readonly string[]>>;

/** A run script is a page; what stands further down does not start the service. */
const MAX_BYTES = 16 * 1024;

/** `run`, or what a `command` names beside it. */
const SCRIPT = /\/services\.d\/|\/run$/;

/**
 * Which shipped services' programs the run scripts of the image name: a script that says `exec jupyter lab` is the
 * image's own Jupyter, whatever its folder is called, and two of them would fight for one port. A look at words, not
 * at what the script means: a mention in vain costs a shipped service that LINTEL_SERVICES can name.
 */
export function readMentions(
  services: readonly Definition[],
  installed: readonly string[],
  read: (path: string, bytes: number) => string | undefined = readHead,
): Mentions {
  const shipped = services.filter(({ origin, when }) => origin === 'shipped' && isInstalled(when, installed));
  if (shipped.length === 0) return {};
  const wanted = new Set(shipped.flatMap(({ name, when, auto }) => [name, ...when.command, ...auto.without]));
  const own = services.filter(({ origin }) => origin === 'image');
  return Object.fromEntries(
    own.flatMap(({ name, command: [run = ''] }) => {
      const found = SCRIPT.test(run)
        ? splitWords(read(run, MAX_BYTES) ?? '').filter(word => wanted.has(word))
        : [];
      return found.length === 0 ? [] : [[name, [...new Set(found)]]];
    }),
  );
}

function isInstalled({ command }: Definition['when'], installed: readonly string[]): boolean {
  return command.length === 0 || command.some(program => installed.includes(program));
}

/** The last part of each path and word, but for those of comments. */
function splitWords(script: string): string[] {
  const text = script.replaceAll(/^[^\S\n]*#.*$/gm, '');
  return text.split(/[\s;&|()"'`=<>]+/).map(word => word.slice(word.lastIndexOf('/') + 1));
}
