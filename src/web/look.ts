import { readClockMs } from '../clock.ts';
import type { Subject } from '../control/subject.ts';
import type { Answer, Page, Wish } from './answers.ts';
import type { Exposition } from './metrics/metrics.ts';
import { makeView, type View } from './view.ts';

/** What a flood of requests costs: nobody looks anew sooner than this, unless something has changed. Milliseconds. */
const FRESH_MS = 50;

/** An answer as it goes out: made once, sent to many, and kept once however many read it slowly. */
export interface Prepared {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** Answers to all who ask at about the same time. */
export interface Looks {
  /** Throws, or rejects with, a bug of the page's. */
  answer(page: Page, wish: Wish): Prepared | Promise<Prepared>;
  close(): void;
}

interface Look {
  readonly madeMs: number;
  readonly view: View;
  readonly answers: Map<string, Prepared | Promise<Prepared>>;
}

export function makeLooks(subject: Subject): Looks {
  let latest: Look | undefined;
  /** What takes longer than that is under way once, whoever asks meanwhile. */
  const underWay = new Map<string, Promise<Prepared>>();
  // Nobody hears yesterday's answer once a service or the stage has changed.
  const unwatch = subject.watch(() => {
    latest = undefined;
  });
  let exposition: Promise<Exposition> | undefined;
  const loadExposition = () => {
    exposition ??= import('./metrics/metrics.ts').then(({ makeExposition }) => makeExposition(subject));
    return exposition;
  };
  const take = (): Look => {
    const nowMs = readClockMs();
    if (latest === undefined || nowMs - latest.madeMs >= FRESH_MS)
      latest = { madeMs: nowMs, view: makeView(subject), answers: new Map() };
    return latest;
  };
  return {
    answer(page, wish) {
      const { view, answers } = take();
      const form = page.chooseForm?.(wish) ?? '';
      const key = `${page.path} ${form}`;
      const known = answers.get(key) ?? underWay.get(key);
      if (known !== undefined) return known;
      const answer = page.answer(view, { form, exposition: loadExposition });
      if (!(answer instanceof Promise)) return keep(answers, key, prepare(answer));
      const made = answer.then(prepare).finally(() => underWay.delete(key));
      return keep(underWay, key, keep(answers, key, made));
    },
    close: unwatch,
  };
}

function keep<V, T extends V>(kept: Map<string, V>, key: string, value: T): T {
  kept.set(key, value);
  return value;
}

/**
 * Nobody keeps an answer, no other site's page may embed or read one, and none is taken for what it is not. Who may see
 * a page is for those to decide who let requests in: there is no CORS header.
 */
const HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

export function prepare({ status, type, body, headers }: Answer): Prepared {
  const bytes = Buffer.from(body);
  return {
    status,
    headers: { 'content-type': type, 'content-length': bytes.length, ...HEADERS, ...headers },
    body: bytes,
  };
}
