import { renderSpell } from '../../durations.ts';
import type { View } from '../view.ts';
import { keepBoot } from './boot-part.ts';
import { find, make, setData, setIcon, setText } from './elements.ts';
import { keepServices } from './services-part.ts';
import { type Contact, watchStatus } from './watch.ts';
import { type Headline, listChanges, listServices, makeHeadline, type Tone } from './words.ts';

/** Below it lies everything, whether the address ends with a slash or not: a proxy may have taken its name away. */
const BASE = location.pathname.endsWith('/') ? location.pathname : `${location.pathname}/`;
const TICK_MS = 1000;
/** An answer that is this late is worth a word. */
const SILENCE_MS = 4000;

/** Of title and icon; the words say the same. */
const COLOURS: Readonly<Record<Tone, string>> = {
  bad: '#d13b3b',
  warn: '#b7791f',
  busy: '#2f6fde',
  wait: '#6b7685',
  good: '#1f9254',
  off: '#6b7685',
};

const showServices = keepServices(find('services'), find('beads'));
const showBoot = keepBoot({
  words: find('boot-words'),
  list: find('waterfall'),
  scale: find('scale'),
  more: find('more'),
});
const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
let contact: Contact = { view: undefined, answeredMs: performance.now(), trouble: undefined };
let announced: View | undefined;
let isPaused = false;

for (const link of document.querySelectorAll('a[data-path]'))
  link.setAttribute('href', `${BASE}${link.getAttribute('data-path')}`);
find('page').hidden = false;
const setPaused = watchStatus(`${BASE}status.json`, seen => {
  contact = seen;
  announce();
  show();
});
setInterval(show, TICK_MS);
find('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  find('pause').setAttribute('aria-pressed', String(isPaused));
  setPaused(isPaused);
  show();
});

/** All of it again: what has not changed is not touched. */
function show(): void {
  const { view, answeredMs, trouble } = contact;
  const agoMs = performance.now() - answeredMs;
  // What is not known to go on stands still.
  const passedMs = trouble === undefined && !isPaused ? agoMs : 0;
  showContact(agoMs);
  if (view === undefined) return;
  showHead(makeHeadline(view, passedMs), view, passedMs);
  showServices(listServices(view, passedMs));
  showBoot(view.boot, passedMs);
  showLimits(view);
  setText(find('version'), view.version);
  setText(find('began'), new Date(view.boot.beganAt).toLocaleString());
}

function showHead({ tone, title, brief, detail }: Headline, view: View, passedMs: number): void {
  const isSilent = contact.trouble !== undefined;
  setData(find('head'), 'tone', isSilent ? 'off' : tone);
  setIcon(find('sign'), `tone-${isSilent ? 'off' : tone}`);
  setText(find('headline'), title);
  setText(find('detail'), detail);
  setText(find('up'), `Up ${renderSpell(view.upMs + passedMs)}`);
  showInTab(isSilent ? 'off' : tone, isSilent ? 'No answer' : brief);
}

function showInTab(tone: Tone, words: string): void {
  const title = `${words.charAt(0).toUpperCase()}${words.slice(1)} – Lintel`;
  if (document.title !== title) document.title = title;
  const { href = '' } = icon ?? {};
  const coloured = href.replace(/fill='%23[0-9a-f]{6}'/, `fill='%23${COLOURS[tone].slice(1)}'`);
  if (icon !== null && href !== coloured) icon.href = coloured;
}

/** Whether what the page shows is true now. */
function showContact(agoMs: number): void {
  const { view, trouble } = contact;
  const isLate =
    trouble !== undefined && (agoMs > SILENCE_MS || view === undefined || trouble === 'stranger');
  setData(
    find('pulse'),
    'pulse',
    isPaused ? 'paused' : isLate ? 'lost' : view === undefined ? 'none' : 'live',
  );
  setText(
    find('pulse-text'),
    isPaused ? 'Paused' : isLate ? 'No answer' : view === undefined ? 'Asking' : 'Live',
  );
  const notice = find('notice');
  setText(notice, isLate ? explainTrouble(agoMs) : '');
  notice.hidden = !isLate;
}

function explainTrouble(agoMs: number): string {
  const { trouble, view } = contact;
  if (trouble === 'stranger')
    return 'Something else than Lintel answers here: a session may have ended. Load the page again, and log in.';
  if (view === undefined) return 'Lintel does not answer.';
  const last =
    view.stage.name === 'stopping'
      ? 'It was stopping, so it has probably ended.'
      : 'The workbench may have ended.';
  return `Lintel does not answer since ${renderSpell(agoMs)}. ${last} What stands below is what it said last.`;
}

/** What it was like before stands in `announced`: each change is said once. */
function announce(): void {
  const { view } = contact;
  if (view === undefined) return;
  const changes = listChanges(announced, view);
  announced = view;
  if (changes.length > 0) setText(find('said'), changes.join(' '));
}

/** A boot counts what could not be used among what is reduced: said once. */
function showLimits({ boot, planned: { problems } }: View): void {
  const others = boot.reduced.filter(line => !problems.includes(line));
  const lines = [...problems.map(what => `${what} could not be used`), ...others];
  const list = find('limits');
  find('limits-part').hidden = lines.length === 0;
  if (list.dataset['lines'] === lines.join('\n')) return;
  list.dataset['lines'] = lines.join('\n');
  list.replaceChildren(...lines.map(line => make('li', '', line)));
}
