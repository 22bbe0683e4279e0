import type { TestContext } from 'node:test';
import { findFreePort } from '../../../dev/free-port.ts';
import { bootWorkbench, type Workbench } from '../../control/workbench.ts';
import type { BootOptions, Files } from '../../rig.ts';
import { waitUntil } from '../../waiting.ts';

export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
export const CLASSIC = 'text/plain; version=0.0.4; charset=utf-8';

export interface Scraped extends Workbench {
  readonly url: string;
  /** The text in OpenMetrics, or as `accept` wants it. */
  scrape(accept?: string): Promise<string>;
  /** Scrapes until the sample, such as `lintel_ready` or `lintel_service_ready{service="web"}`, is as it should be. */
  until(series: string, isRight: (value: number) => boolean): Promise<string>;
}

/** A workbench whose door is open for scrapes. */
export async function bootScraped(t: TestContext, files: Files, options: BootOptions = {}): Promise<Scraped> {
  const port = await findFreePort();
  const environment = { LINTEL_HTTP: String(port), ...options.environment };
  const workbench = bootWorkbench(t, files, { ...options, environment });
  const url = `http://127.0.0.1:${port}/metrics`;
  const scrape = async (accept = OPEN_METRICS) => (await fetch(url, { headers: { accept } })).text();
  return {
    ...workbench,
    url,
    scrape,
    until: (series, isRight) =>
      waitUntil(`${series} is right`, async () => {
        const text = await scrape().catch(() => '');
        const value = readValue(text, series);
        return value !== undefined && isRight(value) && text;
      }),
  };
}

export function readValue(text: string, series: string): number | undefined {
  const line = text.split('\n').find(candidate => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Every sample of a counter, by its name and labels. */
export function countersOf(text: string): Map<string, number> {
  const samples = [...text.matchAll(/^([a-z_]+_total(?:\{.*\})?) (\S+)$/gm)];
  return new Map(samples.map(([, series = '', value]) => [series, Number(value)]));
}
