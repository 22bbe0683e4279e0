/**
 * What Node runs first: handlers for signals, then the bundle through its code cache. It stands alone at the
 * head of lintel.cjs, and the bundle follows it inside a comment, so that Node itself compiles only this.
 */
import './handlers.ts';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Script } from 'node:vm';
import { type CacheUse, parseCache, renderCache } from './cache.ts';

/** Filled in by dev/bundle.ts: a hash of the bundle and its place in this file. */
declare const BUNDLE_ID: string;
declare const BUNDLE_BEGIN: string;
declare const BUNDLE_END: string;
declare const COMMENT_END: string;

const INSTALLED_CACHE = '/usr/local/lib/lintel/lintel.cjs.cache';

type Main = (require: NodeJS.Require, cacheUse: CacheUse, makeCache: () => Buffer) => void;

const bundle = readBundle();
let cached = readCache();
const script = new Script(bundle, {
  filename: `${__filename}.bundle`,
  ...(typeof cached === 'string' ? {} : { cachedData: cached }),
});
const use = cacheUse();
// Half a megabyte that nobody needs any more. (Not by transfer(): one detached buffer makes every use of all others slower.)
cached = 'absent';
const main: Main = script.runInThisContext();
main(require, use, () => renderCache(BUNDLE_ID, script.createCachedData()));

function readBundle(): string {
  const file = readFileSync(__filename, 'latin1');
  const text = file.slice(file.lastIndexOf(BUNDLE_BEGIN) + BUNDLE_BEGIN.length, file.lastIndexOf(BUNDLE_END));
  return text.replaceAll(COMMENT_END, '*/');
}

function readCache(): Buffer | 'absent' | 'refused' {
  // A second name of this file in another folder (/opt/onyxia-init.sh) shares the installed cache.
  for (const path of new Set([`${dirname(__filename)}/lintel.cjs.cache`, INSTALLED_CACHE])) {
    let file: Buffer;
    try {
      file = readFileSync(path);
    } catch {
      continue;
    }
    return parseCache(BUNDLE_ID, file) ?? 'refused';
  }
  return 'absent';
}

function cacheUse(): CacheUse {
  if (typeof cached === 'string') return cached;
  return script.cachedDataRejected === true ? 'refused' : 'used';
}
