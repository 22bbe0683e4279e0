import type { View } from './view.ts';

/** What the web door answers a GET with; all of it, and nothing else, in one table. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Page {
  /** Below the prefix. */
  readonly path: string;
  readonly summary: string;
  answer(view: View): Answer | Promise<Answer>;
}

export const PAGES: readonly Page[] = [
  {
    path: '/healthz',
    summary: '200 while Lintel and all critical services are well, else 503',
    answer: ({ isHealthy }) => makeVerdict(isHealthy, 'healthy', 'unhealthy'),
  },
  {
    path: '/readyz',
    summary: '200 while every service that should run is ready, else 503',
    answer: ({ isReady }) => makeVerdict(isReady, 'ready', 'not ready'),
  },
];

function makeVerdict(isGood: boolean, good: string, bad: string): Answer {
  return { status: isGood ? 200 : 503, type: 'text/plain; charset=utf-8', body: `${isGood ? good : bad}\n` };
}
