/** What the page shows. `variables` is the whole environment: the page picks what the boot is about. */
export interface PageContent {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly user: string;
  readonly startedAt: Date;
  readonly links: readonly Link[];
}

export interface Link {
  readonly name: string;
  readonly address: string;
  /** False for what a browser cannot open. */
  readonly isWeb: boolean;
  readonly answers: boolean;
}

/** The first group that fits has the variable; a variable of no group is not shown. */
const GROUPS: readonly (readonly [title: string, names: RegExp])[] = [
  ['Python packages', /^(PIP|UV)_/],
  ['Conda', /^((CONDA|MAMBA)_|CONDARC$)/],
  ['R', /^(R|RENV|RSTUDIO)_/],
  ['Git', /^GIT_/],
  ['Certificates', /^(PATH_TO_CA_?BUNDLE|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|[A-Z]+_CA_BUNDLE)$/],
  ['npm', /^npm_config_/i],
  ['Workbench', /^(HOME|USER|SHELL|XDG_RUNTIME_DIR|LINTEL_RUNTIME_DIR|LINTEL_BIND)$/],
];

const SECRET_NAME = /TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|(^|_)(KEY|AUTH|PASS|PAT)(_|$)/i;
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^/?#@\s]*@/gi;
const URL_SECRET_PARAMETER = /([?&][^=&\s]*(?:token|key|secret|sig|password|auth)[^=&\s]*=)[^&#\s]+/gi;
const SHOWN_CHARACTERS = 240;

/** One self-contained HTML document. Every value is escaped, credentials are masked, nothing is loaded. */
export function renderPage(content: PageContent): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Lintel</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(renderMark('#b4552d'))}">
<style>${STYLE}</style>
</head>
<body>
<header>
  ${renderMark('currentColor')}
  <h1>Lintel</h1>
</header>
<main>
  <section class="hero">
    <h2>The workbench is up.</h2>
    ${renderGreeting(content.variables['WELCOME_TEXT'])}
    <p>This page is a service that Lintel booted. It runs as <b>${escapeHtml(content.user)}</b>
    since <time datetime="${content.startedAt.toISOString()}">${renderTime(content.startedAt)}</time>.</p>
  </section>
  ${renderLinks(content.links)}
  <section>
    <h2>Settings, and what the boot made of them</h2>
    ${renderVariables(content.variables)}
  </section>
</main>
<footer>Ctrl-C in the terminal stops the workbench in order. Nothing of it stays behind.</footer>
</body>
</html>
`;
}

/** A value as it may be shown to anybody: no credential, not even in part, and not a whole file. */
export function maskValue(name: string, value: string): string {
  if (SECRET_NAME.test(name)) return '•••';
  const masked = value.replace(URL_CREDENTIALS, '$1•••@').replace(URL_SECRET_PARAMETER, '$1•••');
  return masked.length > SHOWN_CHARACTERS ? `${masked.slice(0, SHOWN_CHARACTERS)}…` : masked;
}

/** What the demo's start-up script wrote, when it ran. */
function renderGreeting(text = ''): string {
  return text === '' ? '' : `<p class="greeting">${escapeHtml(text)}</p>`;
}

function renderLinks(links: readonly Link[]): string {
  if (links.length === 0) return '';
  return `<section>
    <h2>Other services</h2>
    <ul class="services">${links.map(renderLink).join('')}</ul>
  </section>`;
}

function renderLink({ name, address, isWeb, answers }: Link): string {
  const shown = escapeHtml(address);
  const place = isWeb && answers ? `<a href="${shown}">${shown}</a>` : `<code>${shown}</code>`;
  const state = answers ? '<i class="up">answers</i>' : '<i>not running</i>';
  return `<li><b>${escapeHtml(name)}</b>${place}${state}</li>`;
}

function renderVariables(variables: PageContent['variables']): string {
  const names = Object.keys(variables).sort();
  const groupOf = (name: string) => GROUPS.find(([, pattern]) => pattern.test(name))?.[0];
  const tables = GROUPS.map(([title]) => {
    const rows = names
      .filter(name => groupOf(name) === title)
      .map(name => renderRow(name, variables[name] ?? ''));
    return rows.length === 0 ? '' : `<h3>${title}</h3><dl>${rows.join('')}</dl>`;
  });
  return tables.join('') || '<p>Nothing: no setting was given.</p>';
}

function renderRow(name: string, value: string): string {
  const shown = value === '' ? '<span class="none">empty</span>' : escapeHtml(maskValue(name, value));
  return `<div><dt>${escapeHtml(name)}</dt><dd>${shown}</dd></div>`;
}

function renderTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Two posts and the beam over the entrance. */
function renderMark(colour: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32" fill="${colour}"><path d="M2 5h28v6H2zM6 13h5v15H6zM21 13h5v15h-5z"/></svg>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, character => entities[character] ?? '');
}

const STYLE = `
:root { --paper: #faf8f5; --card: #fff; --ink: #23201d; --soft: #6f6860; --line: #e6e0d8; --beam: #b4552d; --up: #2f7d4f; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #191715; --card: #221f1c; --ink: #ece7e1; --soft: #a39a90; --line: #38332e; --beam: #e38a5f; --up: #6fc490; }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; padding: 0 20px; }
header, main, footer { max-width: 860px; margin: 0 auto; }
header { display: flex; align-items: center; gap: 12px; padding: 28px 0 8px; color: var(--beam); }
header h1 { font-size: 21px; font-weight: 650; letter-spacing: .01em; color: var(--ink); }
section { padding: 20px 0; }
.hero { padding: 28px 0 20px; }
.hero h2 { font-size: clamp(30px, 5vw, 42px); line-height: 1.15; letter-spacing: -.02em; margin-bottom: 10px; }
.hero p { color: var(--soft); }
.hero .greeting { color: var(--ink); font-size: 19px; margin-bottom: 6px; }
.hero b { color: var(--ink); font-weight: 600; }
h2 { font-size: 19px; font-weight: 650; margin-bottom: 12px; }
h3 { font-size: 13px; font-weight: 600; color: var(--soft); margin: 18px 0 6px; }
a { color: var(--beam); text-underline-offset: 3px; }
code, dt, dd { font: 13.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
.services, dl { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0; list-style: none; overflow: hidden; }
.services li, dl div { display: grid; grid-template-columns: minmax(150px, 260px) 1fr; gap: 4px 16px; padding: 9px 16px; align-items: baseline; }
.services li { grid-template-columns: minmax(90px, 120px) 1fr auto; }
.services li + li, dl div + div { border-top: 1px solid var(--line); }
.services i { font-style: normal; font-size: 14px; color: var(--soft); }
.services i.up { color: var(--up); }
.services i.up::before { content: "● "; font-size: 11px; vertical-align: 1px; }
dt { font-weight: 600; overflow-wrap: anywhere; }
dd { overflow-wrap: anywhere; color: var(--soft); }
.none { font-style: italic; }
footer { color: var(--soft); font-size: 14px; padding: 20px 0 44px; }
@media (max-width: 560px) { .services li, dl div { grid-template-columns: 1fr; } }
`;
