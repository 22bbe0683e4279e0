import type { Docs, Rules } from './finding.ts';

/** What is judged of services. */
export const RULES = {
  'service-json': 'error',
  'service-folder': 'error',
  'missing-program': 'warning',
  'unknown-service': 'error',
  'service-circle': 'error',
  'unknown-user': 'error',
  'when-never': 'warning',
  'not-started': 'note',
  'unset-variable': 'note',
} as const satisfies Rules;

/** For docs/check.md: no part of the program. */
export const SERVICE_DOCS: Docs<typeof RULES> = {
  'service-json': {
    finds: 'what service.json may not say: no JSON, an unknown field, a wrong value',
    example:
      '/etc/services.d/web/service.json:3:3: error: unknown field "restrat", expected perhaps "restart" (service-json)',
    remedy: '[services.md](services.md), which says too how an editor finds such mistakes',
  },
  'service-folder': {
    finds: 'a folder without `run` and `command`, and mistakes in the files that s6 has beside them',
    example:
      '/etc/services.d/web: error: neither "run" nor a "command" in service.json, expected one of them (service-folder)',
    remedy: '[services.md](services.md), [s6.md](s6.md#service-folders)',
  },
  'missing-program': {
    finds:
      'a program of `command`, `ready.exec` or `health.exec` that is not installed, an error where it is a file of the folder; or that of a `run` whose only command is `exec PROGRAM …`',
    example:
      '/etc/services.d/web/service.json:2:15: warning: serve is not installed, expected a program on PATH or an absolute path (missing-program)',
    remedy: 'install it; or give the service a `when.command`, if it may be missing',
  },
  'unknown-service': {
    finds: 'a name in `requires`, `after`, `auto.with` or LINTEL_SERVICES that no service has',
    example:
      '/etc/services.d/web/service.json:2:16: error: unknown service "databse", expected perhaps database (unknown-service)',
    remedy: 'the name of a folder in services.d',
  },
  'service-circle': {
    finds: 'services that wait for each other',
    example:
      '/etc/services.d/a/service.json:1:15: error: a circle: a -> b -> a, expected an order in which each can start (service-circle)',
    remedy: 'take one of the names out of `requires` or `after`',
  },
  'unknown-user': {
    finds: 'a service’s `user` who is not in the image',
    example:
      '/etc/services.d/web/service.json:1:11: error: "www" is no user of the image, expected the name of a user in /etc/passwd, a uid or uid:gid (unknown-user)',
    remedy: '`RUN useradd`, or another user',
  },
  'when-never': {
    finds: 'a `when` that holds in no container',
    example:
      '/etc/services.d/web/service.json:1:22: warning: "etc/web.conf" is no absolute path, so the service never starts, expected one (when-never)',
    remedy: 'absolute paths, names of programs, names of variables',
  },
  'not-started': {
    finds:
      'services that do not start here and why: one line for those of Lintel’s, a warning where LINTEL_SERVICES names one',
    example:
      '/usr/local/lib/lintel/services.d: note: not started here: code-server, rstudio (not installed); jupyter (the image’s service lab runs the same program) (not-started)',
    remedy: 'nothing, if that is meant; else install the program, or name the service in LINTEL_SERVICES',
  },
  'unset-variable': {
    finds: 'a variable in `ready`, `health` or `exports` that nobody sets',
    example: `/etc/services.d/web/service.json:1:35: note: nobody here sets WEB_PORT, expected a default: \${WEB_PORT:-…} (unset-variable)`,
    remedy: 'a default, or the variable in the service’s `env`; nothing, if the platform sets it',
  },
};
