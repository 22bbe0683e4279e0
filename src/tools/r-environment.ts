import type { Environment } from '../launch/environ.ts';
import { isForShells, RESET_PATHS } from './shell-environment.ts';

/**
 * The environment for R sessions that Lintel did not start: RStudio gives its sessions next to nothing of its own.
 *
 * Renviron holds what its syntax can carry unchanged. It has no way to write a newline, an empty value, or "${" that is
 * no reference; so the rest stands in environment.R as strings of R's. Nothing of either is evaluated.
 */
export function renderRenviron(environment: Environment): string {
  const lines = listForR(environment).flatMap(name => {
    const quoted = quoteForRenviron(environment[name] ?? '');
    return quoted === undefined ? [] : [`${name}=${quoted}`];
  });
  return ['# The environment of the workbench, for R sessions. Made at every boot.', ...lines, ''].join('\n');
}

/** What Renviron can't carry, and the folders of PATH that a session lacks, in front of those that it has. */
export function renderEnvironmentR(environment: Environment): string {
  const rest = listForR(environment).filter(name => quoteForRenviron(environment[name] ?? '') === undefined);
  const path = environment['PATH'];
  return [
    '# The environment of the workbench, for R sessions: what Renviron can’t hold. Made at every boot.',
    ...rest.map(name => `Sys.setenv(${name} = ${quoteForR(environment[name] ?? '')})`),
    ...(path === undefined ? [] : [renderPath(path)]),
    '',
  ].join('\n');
}

/**
 * For Rprofile.site. What the session has of its own stays; and one that has LINTEL_RUNTIME_DIR has everything, and
 * whatever its user has changed since. Files of others than root and this user are not read.
 */
export function makeSessionLines(runtimeDir: string): string[] {
  return [
    'local({',
    `  files <- file.path(${quoteForR(runtimeDir)}, c("Renviron", "environment.R"))`,
    '  owners <- c(0, file.info("/proc/self")$uid)',
    '  if (nzchar(Sys.getenv("LINTEL_RUNTIME_DIR")) || any(file.access(files, 4) != 0)) return(invisible())',
    '  if (!all(file.info(c(dirname(files), files))$uid %in% owners)) return(invisible())',
    '  own <- Sys.getenv()',
    '  own <- own[nzchar(own)]',
    '  readRenviron(files[[1]])',
    '  sys.source(files[[2]], envir = new.env(parent = baseenv()))',
    '  changed <- own[names(own) != "PATH" & own != Sys.getenv(names(own))]',
    '  if (length(changed) > 0) do.call(Sys.setenv, as.list(changed))',
    // What R would have read at its start, had it known.
    '  profile <- Sys.getenv("R_PROFILE")',
    '  if (!("R_PROFILE" %in% names(own)) && file.access(profile, 4) == 0)',
    '    sys.source(profile, envir = globalenv())',
    '})',
  ];
}

function listForR(environment: Environment): string[] {
  return Object.keys(environment).filter(isForShells).sort();
}

/** R reads a line of 100000 bytes; older ones less. */
const MOST_CHARACTERS = 1000;

/** undefined for what can't be written so that R reads it back. In either quotes a backslash stands for itself, mostly. */
function quoteForRenviron(value: string): string | undefined {
  if (value === '' || value.length > MOST_CHARACTERS || /[\\\n\r]|\$\{/.test(value)) return undefined;
  if (!value.includes("'")) return `'${value}'`;
  return value.includes('"') ? undefined : `"${value}"`;
}

/** A string of R's: JSON's escapes, but that R takes \u only in a string without others' bytes. */
function quoteForR(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped.
  const escaped = text.replaceAll(/[\\"]/g, '\\$&').replaceAll(/[\x01-\x1f\x7f]/g, character => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return character === '\n' ? '\\n' : `\\x${code}`;
  });
  return `"${escaped}"`;
}

function renderPath(path: string): string {
  const resets = RESET_PATHS.map(quoteForR).join(', ');
  const wanted = quoteForR(path);
  return [
    'local({',
    '  path <- Sys.getenv("PATH")',
    `  wanted <- strsplit(${wanted}, ":", fixed = TRUE)[[1]]`,
    `  have <- if (path %in% c(${resets})) character() else strsplit(path, ":", fixed = TRUE)[[1]]`,
    '  Sys.setenv(PATH = paste(unique(c(setdiff(wanted, have), have)), collapse = ":"))',
    '})',
  ].join('\n');
}
