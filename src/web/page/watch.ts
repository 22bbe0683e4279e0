import type { View } from '../view.ts';

/** What is known of Lintel: its latest answer, and what has come of asking since. Times of `performance.now()`. */
export interface Contact {
  readonly view: View | undefined;
  readonly answeredMs: number;
  /**
   * silent: nobody answers, or a proxy says so. stranger: something else does, as the login page of a proxy whose session
   * has ended.
   */
  readonly trouble: 'silent' | 'stranger' | undefined;
}

const BUSY_MS = 1000;
const CALM_MS = 5000;
/** Each failure doubles the time until the next question, up to this. */
const MOST_MS = 10_000;
const ANSWER_LIMIT_MS = 10_000;

/**
 * Asks again and again, faster while something goes on, and not at all while nobody looks. Polling, as no proxy holds
 * back a short answer, and some do so with a stream. Returns the way to pause and to go on.
 */
export function watchStatus(url: string, onContact: (contact: Contact) => void): (isPaused: boolean) => void {
  let contact: Contact = { view: undefined, answeredMs: performance.now(), trouble: undefined };
  let failures = 0;
  let isPaused = false;
  let isAsking = false;
  let timer: number | undefined;

  async function ask(): Promise<void> {
    window.clearTimeout(timer);
    if (isAsking || isPaused || document.hidden) return;
    isAsking = true;
    const answer = await fetchView(url);
    isAsking = false;
    if (typeof answer === 'string') {
      failures++;
      contact = { ...contact, trouble: answer };
    } else {
      failures = 0;
      contact = { view: answer, answeredMs: performance.now(), trouble: undefined };
    }
    onContact(contact);
    timer = window.setTimeout(ask, choosePauseMs(contact.view, failures));
  }

  document.addEventListener('visibilitychange', () => void ask());
  void ask();
  return wanted => {
    isPaused = wanted;
    void ask();
  };
}

function choosePauseMs(view: View | undefined, failures: number): number {
  if (failures > 0) return Math.min(MOST_MS, BUSY_MS * 2 ** (failures - 1));
  return view?.stage.name === 'running' && view.isReady ? CALM_MS : BUSY_MS;
}

async function fetchView(url: string): Promise<View | 'silent' | 'stranger'> {
  try {
    const answer = await fetch(url, {
      cache: 'no-store',
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    const isOurs = answer.headers.get('content-type')?.startsWith('application/json') === true;
    if (answer.ok && isOurs) return (await answer.json()) as View;
    return answer.status >= 500 ? 'silent' : 'stranger';
  } catch {
    return 'silent';
  }
}
