import type { Environment } from '../launch/environ.ts';

/** `$${` on purpose; a name that is complete or begins a default; the end of a default. */
const MARK = /\$\$\{|\$\{([A-Za-z_]\w*)(\}|%\/\}|:-)|\}/g;

/** A default whose end has not been seen yet. */
interface Open {
  /** As it stands in the text. */
  readonly beginning: string;
  readonly value: string;
  otherwise: string;
}

/**
 * The text with `${NAME}`, `${NAME:-default}` and `${NAME%/}` replaced from `environment`, once: what comes in is not
 * looked at again, and nothing is evaluated. All mean what they mean to a shell: the default, in which others may stand,
 * is for a variable that is unset or empty, and `%/` takes away one slash at the end. `$${` writes `${`; everything else
 * stays as it is.
 */
export function fillTemplate(text: string, environment: Environment): string {
  const look = (name: string) => (Object.hasOwn(environment, name) ? environment[name] : undefined) ?? '';
  const open: Open[] = [];
  let filled = '';
  const write = (more: string) => {
    const inner = open.at(-1);
    if (inner === undefined) filled += more;
    else inner.otherwise += more;
  };
  let end = 0;
  for (const { 0: mark, 1: name, 2: rest, index } of text.matchAll(MARK)) {
    write(text.slice(end, index));
    end = index + mark.length;
    if (rest === ':-') open.push({ beginning: mark, value: look(name ?? ''), otherwise: '' });
    else if (name !== undefined) write(rest === '}' ? look(name) : look(name).replace(/\/$/, ''));
    else if (mark === '}') write(close(open.pop()));
    else write('${');
  }
  write(text.slice(end));
  while (open.length > 0) write(leaveOpen(open.pop()));
  return filled;
}

/** A brace outside of every default stands for itself. */
function close(ended: Open | undefined): string {
  return ended === undefined ? '}' : ended.value || ended.otherwise;
}

function leaveOpen(unended: Open | undefined): string {
  return unended === undefined ? '' : unended.beginning + unended.otherwise;
}
