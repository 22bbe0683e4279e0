import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Who is at the other end of a unix socket: as the kernel noted it when that end connected or began to listen. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Constants of sys/socket.h and the size of `struct ucred`; the same on x64 and arm64. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const UCRED_BYTES = 12;

type ReadPeer = (fd: number) => Peer | undefined;

let opened: { readonly read: ReadPeer | undefined } | undefined;

/**
 * How to ask for the peer of a connected socket's descriptor; undefined where the kernel can't be asked (Node without
 * node:ffi, or one that calls libc in another way than expected). Bound on demand: a boot has no use for it.
 */
export function openPeer(): ReadPeer | undefined {
  opened ??= { read: bind() };
  return opened.read;
}

/** Who is at the other end of a socket of Node's; undefined when the kernel does not say. */
export function readPeer(read: ReadPeer, socket: Socket): Peer | undefined {
  // Node has no other way to a socket's descriptor.
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } };
  return read(handle?.fd ?? -1);
}

function bind(): ReadPeer | undefined {
  try {
    const { functions: c } = process.getBuiltinModule('node:ffi').dlopen(null, {
      getsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'buffer'], return: 'i32' },
      socketpair: { arguments: ['i32', 'i32', 'i32', 'buffer'], return: 'i32' },
    });
    const credentials = Buffer.alloc(UCRED_BYTES);
    const length = Buffer.alloc(4);
    const read: ReadPeer = fd => {
      length.writeUInt32LE(UCRED_BYTES);
      if (c.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined;
      if (length.readUInt32LE() !== UCRED_BYTES) return undefined;
      return {
        pid: credentials.readInt32LE(0),
        uid: credentials.readUInt32LE(4),
        gid: credentials.readUInt32LE(8),
      };
    };
    const pair = Buffer.alloc(8);
    const makePair = () => c.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) === 0;
    return makePair() && answersTruly(read, [pair.readInt32LE(0), pair.readInt32LE(4)]) ? read : undefined;
  } catch {
    return undefined;
  }
}

/** Of a pair of sockets of this very process the answer is known. A wrong one would let anybody in. */
function answersTruly(read: ReadPeer, pair: readonly [number, number]): boolean {
  const peer = read(pair[0]);
  for (const fd of pair) closeSync(fd);
  return peer?.pid === process.pid && peer.uid === process.geteuid?.() && peer.gid === process.getegid?.();
}
