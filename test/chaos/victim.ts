import { request } from 'node:http';
import { execa } from 'execa';
import type { ResponseOf } from '../../src/control/routes.ts';
import type { Limits } from './limits.ts';
import { listBelow, type Seen } from './processes.ts';

export type Status = ResponseOf<'status'>;

/** The container under test, as whoever torments it holds it. */
export interface Victim {
  /** Lintel, as this machine sees it. */
  readonly pid: number;
  readonly limits: Limits;
  /** Asks the control socket, as `lintel status` does. Rejects where it does not answer in time. */
  status(): Promise<Status>;
  /** Runs a program in the container, as `podman exec`, and says how it ended. Never rejects. */
  enter(command: readonly string[], limitMs: number): Promise<string>;
  /** Leaves what Lintel writes unread, or reads it again. */
  setReading(isReading: boolean): void;
}

export const SOCKET = '/run/lintel/control.sock';
const ANSWER_MS = 10_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const NAMESPACES = ['--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd'];
const SHOWN_CHARACTERS = 100;

export function makeVictim(given: Pick<Victim, 'pid' | 'limits' | 'setReading'>): Victim {
  const { pid } = given;
  return {
    ...given,
    status: () => askStatus(`/proc/${pid}/root${SOCKET}`),
    async enter(command, limitMs) {
      const within = ['nsenter', '--target', String(pid), ...NAMESPACES, '--'];
      const { exitCode, signal, stdout, stderr, timedOut } = await execa(
        'env',
        ['-i', `PATH=${process.env['PATH']}`, ...within, 'env', `PATH=${PATH}`, ...command],
        { reject: false, stdin: 'ignore', timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 10_000_000 },
      );
      const said = `${stdout ?? ''} ${stderr ?? ''}`.trim().slice(-SHOWN_CHARACTERS).replaceAll('\n', ' / ');
      return `${timedOut ? 'cut off' : (signal ?? exitCode)}: ${said}`;
    },
  };
}

function askStatus(socketPath: string): Promise<Status> {
  const { promise, resolve, reject } = Promise.withResolvers<Status>();
  const asked = request({ socketPath, path: '/v1/status', timeout: ANSWER_MS }, response => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('error', reject);
    response.on('end', () => {
      if (response.statusCode !== 200) return reject(new Error(text));
      try {
        resolve(JSON.parse(text) as Status);
      } catch (error) {
        reject(error);
      }
    });
  });
  asked.on('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
  asked.on('error', reject);
  asked.end();
  return promise;
}

/** The process that a service is, or undefined while it has none. */
export async function findService(victim: Victim, name: string): Promise<Seen | undefined> {
  const { services } = await victim.status();
  const inside = services.find(service => service.name === name)?.pid;
  return listBelow(victim.pid).find(seen => seen.inside === inside);
}

/** Signals a process of the container, unless it has gone meanwhile. */
export function hit(seen: Seen, signal: NodeJS.Signals): void {
  try {
    process.kill(seen.pid, signal);
  } catch {
    // It has gone meanwhile.
  }
}
