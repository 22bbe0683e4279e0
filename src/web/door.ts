import type { Socket } from 'node:net';
import { readClockMs } from '../clock.ts';

/**
 * Who may come in at once: in all, and from one address, so that a flood from there keeps nobody else's probe out. A
 * thousand probes in the same moment are answered.
 */
const MOST_CONNECTIONS = 2048;
const MOST_OF_ONE = 1024;
/** No more of the files that Lintel may have open than this share: the rest are for services, their pipes and probes. */
const SHARE_OF_FILES = 1 / 4;
/**
 * Where all places are taken, whoever has been in for so long without an answer makes room, the first of them first: else
 * a few hundred silent connections would keep probes out, and a probe that gets no answer ends the container. Milliseconds.
 */
const SAFE_MS = 1000;

export interface Door {
  /** Hands the socket on, or closes it. */
  admit(socket: Socket): void;
  /** Closes all that are in, once they have been answered. */
  close(): void;
}

interface Guest {
  readonly address: string;
  readonly sinceMs: number;
}

export function makeDoor(given: {
  /** The hard limit, up to which Node raises its own. */
  readonly openFilesHard: number;
  /** `onAnswered` is told whenever the socket has had an answer. */
  readonly serve: (socket: Socket, onAnswered: () => void) => void;
}): Door {
  const room = Math.max(1, Math.floor(given.openFilesHard * SHARE_OF_FILES));
  const most = Math.min(MOST_CONNECTIONS, room);
  const mostOfOne = Math.min(MOST_OF_ONE, Math.ceil(room / 2));
  /** Whoever came or was answered longest ago is the first. */
  const inside = new Map<Socket, Guest>();
  const counts = new Map<string, number>();

  function leave(socket: Socket): void {
    const guest = inside.get(socket);
    if (guest === undefined) return;
    inside.delete(socket);
    const left = (counts.get(guest.address) ?? 1) - 1;
    if (left > 0) counts.set(guest.address, left);
    else counts.delete(guest.address);
  }

  function stay(socket: Socket): void {
    const guest = inside.get(socket);
    if (guest === undefined) return;
    inside.delete(socket);
    inside.set(socket, { ...guest, sinceMs: readClockMs() });
  }

  /** Whether there is a place for one more of that address, if need be somebody else's. */
  function hasRoom(address: string): boolean {
    const isItsShareTaken = (counts.get(address) ?? 0) >= mostOfOne;
    if (!isItsShareTaken && inside.size < most) return true;
    const safeMs = readClockMs() - SAFE_MS;
    for (const [socket, guest] of inside) {
      if (guest.sinceMs > safeMs) return false;
      if (isItsShareTaken && guest.address !== address) continue;
      leave(socket);
      socket.resetAndDestroy();
      return true;
    }
    return false;
  }

  return {
    admit(socket) {
      // A client that goes in the middle is no event.
      socket.on('error', () => undefined);
      const { remoteAddress: address } = socket;
      // Without an address it has gone already. A reset leaves nothing behind in the kernel.
      if (address === undefined || !hasRoom(address)) return void socket.resetAndDestroy();
      inside.set(socket, { address, sinceMs: readClockMs() });
      counts.set(address, (counts.get(address) ?? 0) + 1);
      socket.once('close', () => leave(socket));
      given.serve(socket, () => stay(socket));
    },
    close() {
      for (const socket of inside.keys()) socket.destroySoon();
    },
  };
}
