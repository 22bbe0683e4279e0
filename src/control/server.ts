import type { Server, Socket } from 'node:net';
import { renderCause } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { openPeer, type Peer, readPeer } from '../pid1/peer.ts';
import { makeFront, renderRefusal } from './http.ts';
import type { Subject } from './subject.ts';

export interface ControlOptions {
  /** Where the socket shall be. */
  readonly path: string;
  readonly subject: Subject;
  readonly log: Log;
  /** Who may ask for everything: root, the workbench user, Lintel's own. */
  readonly owners: ReadonlySet<number>;
  /** The users of services, who may ask for some of it. */
  readonly services: ReadonlySet<number>;
  /** Gives the socket to the workbench user: where only its mode can keep others out. */
  readonly giveToWorkbench: () => void;
  /** The hard limit, up to which Node raises its own. */
  readonly openFilesHard: number;
}

/** Of each user, so that none can keep another's out. */
const MOST_CONNECTIONS = 32;
/** No more of the files that Lintel may have open than this share, for all users: the rest are for services, as at the web door. */
const SHARE_OF_FILES = 1 / 4;
/** All who are not let in count as one user. */
const TURNED_AWAY = -1;
/** A client that connects has asked for something within this time, or is dropped. Milliseconds. */
const REQUEST_MS = 5000;
const MOST_SAID = 100;

/**
 * Listens on the control socket, and returns the way to end that. Never throws: without the socket there is one
 * warning and a workbench that only signals control. What speaks HTTP is loaded when somebody connects.
 */
export function openControl(options: ControlOptions): () => void {
  const { path, log } = options;
  const { createServer } = process.getBuiltinModule('node:net');
  const server = createServer({ allowHalfOpen: true });
  let isSaid = false;
  const fail = (error: unknown) => {
    if (!isSaid)
      log.warn(`Cannot use ${path}: ${renderCause(error)}; lintel status and the like may not work`);
    isSaid = true;
  };
  server.on('error', fail);
  server.on('connection', makeDoor(options));
  try {
    listen(server, options);
  } catch (error) {
    fail(error);
  }
  return () => void server.close();
}

/**
 * Where the kernel says who connects, everybody may connect and the uid decides: so root without CAP_DAC_OVERRIDE
 * and services of other users get through. Binding is synchronous, and the mode is that of the umask then.
 */
function listen(server: Server, { path, giveToWorkbench }: ControlOptions): void {
  const hasPeers = openPeer() !== undefined;
  const umask = process.umask(hasPeers ? 0o111 : 0o177);
  try {
    server.listen({ path });
  } finally {
    process.umask(umask);
  }
  if (!hasPeers) giveToWorkbench();
}

/** Lets in who may come in. */
function makeDoor(options: ControlOptions): (socket: Socket) => void {
  const open = new Map<number, number>();
  const sayOnce = makeRefusals(options.log);
  let front: ReturnType<typeof makeFront> | undefined;
  return socket => {
    // A client that goes in the middle is no event.
    socket.on('error', () => undefined);
    const peer = findCaller(socket);
    const isOwner = peer === undefined || options.owners.has(peer.uid);
    const isStranger = !isOwner && !options.services.has(peer.uid);
    const most = countMost(options);
    const own = peer?.uid ?? 0;
    const isOneTooMany = (open.get(own) ?? 0) >= most;
    const key = isStranger || isOneTooMany ? TURNED_AWAY : own;
    const count = open.get(key) ?? 0;
    if (isStranger) sayOnce(peer);
    if (count >= most) return void socket.destroy();
    open.set(key, count + 1);
    const timer = setTimeout(() => socket.destroy(), REQUEST_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      open.set(key, (open.get(key) ?? 1) - 1);
    });
    if (isStranger) return turnAway(socket, 403, renderStranger(peer));
    if (isOneTooMany) return turnAway(socket, 503, renderTooMany(peer, most));
    front ??= makeFront(options);
    front.serve(socket, { isOwner, timer });
  };
}

function countMost({ owners, services, openFilesHard }: ControlOptions): number {
  const users = new Set([...owners, ...services, TURNED_AWAY]).size;
  const share = Math.floor((openFilesHard * SHARE_OF_FILES) / users);
  return Math.max(1, Math.min(MOST_CONNECTIONS, share));
}

/** Closed at once, it could not read why: what it is about to write would fail first. So it is let talk, unheard. */
function turnAway(socket: Socket, status: 403 | 503, why: string): void {
  socket.resume();
  socket.end(renderRefusal(status, why));
}

function renderStranger({ uid }: Peer): string {
  return `uid ${uid} may not control this workbench, expected root or the workbench user`;
}

function renderTooMany(peer: Peer | undefined, most: number): string {
  const whose = peer === undefined ? '' : ` of uid ${peer.uid}`;
  return `Too many connections${whose}: ${most} are open, expected fewer: end a "lintel logs -f" or "lintel status --watch", or try again`;
}

/** The uid of a peer that can't be read is nobody's: better nobody than anybody. */
function findCaller(socket: Socket): Peer | undefined {
  const read = openPeer();
  if (read === undefined) return undefined;
  return readPeer(read, socket) ?? { pid: 0, uid: -1, gid: -1 };
}

function makeRefusals(log: Log): (peer: Peer) => void {
  const said = new Set<number>();
  return ({ pid, uid }) => {
    if (said.has(uid) || said.size >= MOST_SAID) return;
    said.add(uid);
    log.warn(`uid ${uid} was refused at the control socket: it is neither root nor the workbench user`, {
      pid,
    });
  };
}
