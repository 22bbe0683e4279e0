import type { Socket } from 'node:net';
import type { Subject } from '../control/subject.ts';
import type { Log } from '../log/log.ts';
import type { Plan } from '../plan.ts';
import { type Door, makeDoor } from './door.ts';
import { type Front, makeFront } from './front.ts';
import { listen } from './listener.ts';

/** The second door of a boot, for probes, metrics and people: it shows the view, and changes nothing. */
export interface Web {
  /** Listens where the plan says, which may be nowhere, or elsewhere than before. */
  follow(plan: Pick<Plan, 'http'>): void;
  close(): void;
}

/** Answers GET and HEAD of what PAGES lists. What speaks HTTP is loaded when somebody connects. Never throws. */
export function makeWeb(given: {
  readonly subject: Subject;
  readonly log: Log;
  readonly openFilesHard: number;
}): Web {
  const { subject, log, openFilesHard } = given;
  let http: Plan['http'];
  let stop: (() => void) | undefined;
  let front: Front | undefined;
  const serve = (socket: Socket, onAnswered: () => void) => {
    front ??= makeFront({ prefix: () => http?.prefix ?? '', subject, log });
    front.serve(socket, onAnswered);
  };
  let door: Door | undefined;
  const onSocket = (socket: Socket) => {
    door ??= makeDoor({ openFilesHard, serve });
    door.admit(socket);
  };
  return {
    follow({ http: wanted }) {
      const isSame = wanted?.host === http?.host && wanted?.port === http?.port;
      http = wanted;
      if (isSame) return;
      stop?.();
      stop = wanted === undefined ? undefined : listen(wanted, { onSocket, log });
    },
    close() {
      stop?.();
      stop = undefined;
      door?.close();
      front?.close();
    },
  };
}
