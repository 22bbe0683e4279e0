import type { Socket } from 'node:net';

/**
 * Who may come in at once: in all, and from one address, so that a flood from there keeps nobody else's probe out. A
 * thousand probes in the same moment are answered.
 */
const MOST_CONNECTIONS = 2048;
const MOST_OF_ONE = 1024;
/** No more of the files that Lintel may have open than this share: the rest are for services, their pipes and probes. */
const SHARE_OF_FILES = 1 / 4;

export interface Door {
  /** Hands the socket on, or closes it. */
  admit(socket: Socket): void;
  /** Closes all that are in, once they have been answered. */
  close(): void;
}

export function makeDoor(given: {
  /** The hard limit, up to which Node raises its own. */
  readonly openFilesHard: number;
  readonly serve: (socket: Socket) => void;
}): Door {
  const room = Math.max(1, Math.floor(given.openFilesHard * SHARE_OF_FILES));
  const most = Math.min(MOST_CONNECTIONS, room);
  const mostOfOne = Math.min(MOST_OF_ONE, Math.ceil(room / 2));
  const inside = new Set<Socket>();
  const counts = new Map<string, number>();
  return {
    admit(socket) {
      // A client that goes in the middle is no event.
      socket.on('error', () => undefined);
      const { remoteAddress } = socket;
      const count = counts.get(remoteAddress ?? '') ?? 0;
      // Without an address it has gone already. A reset leaves nothing behind in the kernel.
      if (remoteAddress === undefined || count >= mostOfOne || inside.size >= most)
        return void socket.resetAndDestroy();
      inside.add(socket);
      counts.set(remoteAddress, count + 1);
      socket.once('close', () => {
        inside.delete(socket);
        const left = (counts.get(remoteAddress) ?? 1) - 1;
        if (left > 0) counts.set(remoteAddress, left);
        else counts.delete(remoteAddress);
      });
      given.serve(socket);
    },
    close() {
      for (const socket of inside) socket.destroySoon();
    },
  };
}
