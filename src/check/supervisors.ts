import { unreachable } from '../errors.ts';
import type { LeftOver } from '../facts/image/supervisors.ts';
import { type Docs, type Finding, found, type Rules, type Topic } from './finding.ts';

const RULES = {
  's6-rc': 'warning',
  'fix-attrs': 'warning',
  logger: 'warning',
  supervisord: 'warning',
} as const satisfies Rules;

export const supervisors: Topic = {
  title: 'What other supervisors read',
  rules: RULES,
  find: image => image.leftOvers.map(judge),
};

const PAGE = 'docs/migrate.md';

function judge({ path, line, kind, name }: LeftOver): Finding {
  const place = { path, line };
  const folder = `a folder in /etc/services.d: ${PAGE}`;
  switch (kind) {
    case 's6-rc longrun':
      return found(RULES, 's6-rc', {
        ...place,
        what: `${name} is not started: Lintel does not read s6-rc.d`,
        expected: folder,
      });
    case 's6-rc oneshot':
      return found(RULES, 's6-rc', {
        ...place,
        what: `${name} is not run: Lintel does not read s6-rc.d`,
        expected: `a script in /etc/cont-init.d: ${PAGE}`,
      });
    case 'fix-attrs':
      return found(RULES, 'fix-attrs', {
        ...place,
        what: 'Lintel does not read fix-attrs.d',
        expected: `RUN install or COPY --chown, for a volume a script: ${PAGE}`,
      });
    case 'logger':
      return found(RULES, 'logger', {
        ...place,
        what: `it is not started: every line of ${name} goes to the container’s log`,
        expected: `no logger: ${PAGE}`,
      });
    case 'supervisord':
      return found(RULES, 'supervisord', {
        ...place,
        what: `${name} is not started: Lintel does not read it`,
        expected: folder,
      });
    default:
      return unreachable(kind);
  }
}

/** For docs/check.md: no part of the program. */
export const SUPERVISOR_DOCS: Docs<typeof RULES> = {
  's6-rc': {
    finds: 's6-rc’s source folders: no boot looks at them',
    example:
      '/etc/s6-overlay/s6-rc.d/server: warning: server is not started: Lintel does not read s6-rc.d, expected a folder in /etc/services.d: docs/migrate.md (s6-rc)',
    remedy: '[migrate.md](migrate.md#2-change-what-it-names)',
  },
  'fix-attrs': {
    finds: 'fix-attrs.d',
    example:
      '/etc/fix-attrs.d/10-data: warning: Lintel does not read fix-attrs.d, expected RUN install or COPY --chown, for a volume a script: docs/migrate.md (fix-attrs)',
    remedy: '[migrate.md](migrate.md#2-change-what-it-names)',
  },
  logger: {
    finds: 'a logger of a service’s own',
    example:
      '/etc/services.d/web/log: warning: it is not started: every line of web goes to the container’s log, expected no logger: docs/migrate.md (logger)',
    remedy: 'remove it',
  },
  supervisord: {
    finds: 'programs of a supervisord configuration',
    example:
      '/etc/supervisor/conf.d/web.conf:1: warning: web is not started: Lintel does not read it, expected a folder in /etc/services.d: docs/migrate.md (supervisord)',
    remedy:
      '[migrate.md](migrate.md#an-image-with-supervisord); nothing, where a service of the image starts supervisord itself',
  },
};
