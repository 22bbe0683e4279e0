import { request } from 'node:http';
import { waitUntil } from './container.ts';

const REQUEST_LIMIT_MS = 10_000;

export interface Answer {
  readonly status: number;
  /** Where a redirection leads; "" where there is none. */
  readonly location: string;
  readonly text: string;
}

/** As much of a browser as a login needs: it keeps cookies, and follows no redirection. */
export interface Browser {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Sends a form, with what the page before asked to be sent along (Jupyter's `_xsrf`). */
  post(path: string, form: Readonly<Record<string, string>>): Promise<Answer>;
  /** Waits until GET answers 200. */
  waitFor(path: string): Promise<void>;
}

export function openBrowser(port: number): Browser {
  const cookies = new Map<string, string>();
  const ask = (method: 'GET' | 'POST', path: string, headers: Readonly<Record<string, string>>, body = '') =>
    new Promise<Answer>((resolve, reject) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const asked = request({
        ...{ host: '127.0.0.1', port, path, method, agent: false },
        headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
        signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      });
      asked.on('error', reject).on('response', answer => {
        for (const line of answer.headers['set-cookie'] ?? []) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
          cookies.set(name, value);
        }
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('error', reject).on('end', () => {
          resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '', text });
        });
      });
      asked.end(body);
    });
  return {
    get: (path, headers = {}) => ask('GET', path, headers),
    post: (path, form) => {
      const xsrf = cookies.get('_xsrf');
      const body = new URLSearchParams({ ...form, ...(xsrf === undefined ? {} : { _xsrf: xsrf }) });
      return ask('POST', path, { 'content-type': 'application/x-www-form-urlencoded' }, body.toString());
    },
    waitFor: async path => {
      await waitUntil(`${path} answers`, () =>
        ask('GET', path, {}).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    },
  };
}
