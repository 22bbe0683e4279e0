import { renderStage, renderTroubles, type Trouble } from '../control/judgements.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { makePolicy, renderDocument } from './document.ts';
import type { Exposition } from './metrics/metrics.ts';
import { chooseFormat } from './metrics/negotiation.ts';
import type { View } from './view.ts';

/** What the web door answers a GET with; all of it, and nothing else, in one table. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a client says of the form that it would like. */
export interface Wish {
  /** Its header; "" without one. */
  readonly accept: string;
  /** `?format=`, which wins. */
  readonly format: string | null;
}

/** All that an answer may depend on besides the view. */
export interface Asked {
  readonly form: string;
  /** Loaded, and made, when somebody scrapes first. */
  readonly exposition: () => Promise<Exposition>;
}

export interface Page {
  /** Below the prefix. */
  readonly path: string;
  readonly summary: string;
  /** One of the few forms that it has: answers are kept by it, and sent to all who ask in the same moment. */
  chooseForm?(wish: Wish): string;
  answer(view: View, asked: Asked): Answer | Promise<Answer>;
}

export const PAGES: readonly Page[] = [
  {
    path: '/healthz',
    summary: '200 while Lintel and all critical services are well, else 503',
    chooseForm: chooseTextOrJson,
    answer: ({ isHealthy, unhealthy }, asked) =>
      makeVerdict(asked, isHealthy, {
        words: isHealthy ? 'healthy' : `unhealthy: ${renderTroubles(unhealthy)}`,
        data: { isHealthy, unhealthy },
      }),
  },
  {
    path: '/readyz',
    summary: '200 while every service that should run is ready, else 503',
    chooseForm: chooseTextOrJson,
    answer: ({ isReady, notReady, stage }, asked) =>
      makeVerdict(asked, isReady, {
        words: isReady ? 'ready' : `not ready: ${renderObstacles(stage, notReady)}`,
        data: { isReady, stage, notReady },
      }),
  },
  {
    path: '/',
    summary: 'a page for people: services, the boot and what is reduced, live',
    answer: view => ({
      status: 200,
      type: 'text/html; charset=utf-8',
      body: renderDocument(view),
      headers: { 'content-security-policy': makePolicy() },
    }),
  },
  {
    path: '/status.json',
    summary: 'all that the page shows, as JSON',
    answer: view => ({ status: 200, type: 'application/json', body: `${renderJson(view)}\n` }),
  },
  {
    path: '/metrics',
    summary: 'numbers for Prometheus, in OpenMetrics or its older text format',
    chooseForm: ({ accept }) => chooseFormat(accept),
    async answer(view, { form, exposition }) {
      const expose = await exposition();
      const exposed = await expose(view, form === 'openMetrics' ? form : 'classic');
      return { status: 200, headers: { vary: 'accept' }, ...exposed };
    },
  },
];

/** A browser that takes anything gets words. */
function chooseTextOrJson({ accept, format }: Wish): 'json' | 'text' {
  const isJson = accept.includes('application/json') && !accept.includes('text/');
  return (format === null ? isJson : format === 'json') ? 'json' : 'text';
}

function makeVerdict(
  { form }: Asked,
  isGood: boolean,
  { words, data }: { readonly words: string; readonly data: unknown },
): Answer {
  const status = isGood ? 200 : 503;
  const headers = { vary: 'accept' };
  if (form === 'json') return { status, type: 'application/json', body: `${renderJson(data)}\n`, headers };
  return { status, type: 'text/plain; charset=utf-8', body: `${escapeLine(words)}\n`, headers };
}

/** Before and after the services' time who is ready matters less than that. */
function renderObstacles(stage: View['stage'], notReady: readonly Trouble[]): string {
  if (stage.name === 'running') return renderTroubles(notReady);
  return stage.name === 'booting'
    ? renderStage({ name: 'booting', script: stage.script })
    : 'the workbench stops';
}
