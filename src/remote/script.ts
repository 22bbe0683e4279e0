import { type Download, download, type Request, renderElapsed } from './download.ts';
import type { Network } from './network.ts';

const MAX_BYTES = 1024 * 1024;
const HEAD_BYTES = 1024;

/** As `download`; what is no script is a failure too. Never rejects. */
export async function downloadScript(
  request: Omit<Request, 'limitBytes'>,
  network: Network,
): Promise<Download> {
  const answer = await download({ ...request, limitBytes: MAX_BYTES }, network);
  if (!answer.isOk) return answer;
  const trouble = findScriptTrouble(answer.body, answer.contentType);
  if (trouble === undefined) return answer;
  const { elapsedMs } = answer;
  return {
    isOk: false,
    trouble: `${trouble}, after ${renderElapsed(elapsedMs)}`,
    isTemporary: false,
    isVerification: false,
    status: undefined,
    answer: '',
    elapsedMs,
  };
}

/**
 * Why what a server sent is no script; undefined when it may be one. Error pages, log-in pages and APIs' errors come
 * with status 200 too, and a shell would run every line of them that it can.
 */
export function findScriptTrouble(bytes: Buffer, contentType: string): string | undefined {
  const head = bytes
    .toString('latin1', 0, HEAD_BYTES)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (head === '') return 'the answer is empty';
  // Whatever the server takes it for: no page begins so.
  if (head.startsWith('#!')) return undefined;
  if (/^<(!doctype|!--|html|\?xml)/i.test(head) || /^text\/html\b/i.test(contentType))
    return 'an HTML page came instead of a script';
  if (/^application\/([\w.-]+\+)?json\b/i.test(contentType)) return 'JSON came instead of a script';
  return bytes.includes(0) ? 'what came is no text' : undefined;
}
