/**
 * What Node runs first: handlers for signals, then the bundle through its code cache. It stands alone at the
 * head of lintel.cjs, and the bundle follows it inside a comment, so that Node itself compiles only this.
 */
import './handlers.ts';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Script } from 'node:vm';
import { type CacheUse, parseCache, renderCache } from './cache.ts';

/** Filled in by dev/bundle.ts: whether this is loader.cjs, and the bundle's place in lintel.cjs. */
declare const IS_ALONE: boolean;
declare const BUNDLE_BEGIN: string;
declare const BUNDLE_END: string;
declare const COMMENT_END: string;

const INSTALLED_CACHE = '/usr/local/lib/lintel/lintel.cjs.cache';

type Main = (require: NodeJS.Require, cacheUse: CacheUse, makeCache: () => Buffer) => void;

// The launcher names the file by which it was called, /init for example.
const file = IS_ALONE ? resolve(process.argv.splice(2, 1)[0] ?? '') : __filename;
if (IS_ALONE) process.argv[1] = file;
const { bundle, id } = readBundle();
let cached = readCache();
const script = new Script(bundle, {
  filename: `${file}.bundle`,
  ...(typeof cached === 'string' ? {} : { cachedData: cached }),
});
const use = cacheUse();
// Half a megabyte that nobody needs any more. (Not by transfer(): one detached buffer makes every use of all others slower.)
cached = 'absent';
const main: Main = script.runInThisContext();
main(require, use, () => renderCache(id, script.createCachedData()));

/** The bundle's first line is a hash of the rest: that a cache belongs to it is not decided by which loader this is. */
function readBundle(): { readonly bundle: string; readonly id: string } {
  const whole = readFileSync(file, 'latin1');
  const begin = whole.lastIndexOf(BUNDLE_BEGIN) + BUNDLE_BEGIN.length;
  const end = whole.indexOf('\n', begin);
  const text = whole.slice(end + 1, whole.lastIndexOf(BUNDLE_END));
  return { bundle: text.replaceAll(COMMENT_END, '*/'), id: copy(whole.slice(begin, end)) };
}

/** V8 makes a slice a view of the whole, which would be kept for it: 0.8 MB for a few letters. */
function copy(slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1');
}

function readCache(): Buffer | 'absent' | 'refused' {
  // A second name of the file in another folder (/opt/onyxia-init.sh) shares the installed cache.
  for (const path of new Set([`${dirname(realpathSync.native(file))}/lintel.cjs.cache`, INSTALLED_CACHE])) {
    let cache: Buffer;
    try {
      cache = readFileSync(path);
    } catch {
      continue;
    }
    return parseCache(id, cache) ?? 'refused';
  }
  return 'absent';
}

function cacheUse(): CacheUse {
  if (typeof cached === 'string') return cached;
  return script.cachedDataRejected === true ? 'refused' : 'used';
}
