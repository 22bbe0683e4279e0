import type { RuleDoc } from './finding.ts';
import { INSTALLATION_DOCS } from './installation.ts';
import { SCRIPT_DOCS } from './script-rules.ts';
import { SECRET_DOCS } from './secrets.ts';
import { SERVICE_DOCS } from './service-rules.ts';
import { SETTING_DOCS } from './settings.ts';
import { SUPERVISOR_DOCS } from './supervisors.ts';
import { UNREAD_DOCS } from './unread.ts';
import { WORKBENCH_DOCS } from './workbench.ts';

/** What docs/check.md says of each rule. In a file of its own, so that it is no part of the program. */
export const RULE_DOCS: Readonly<Record<string, RuleDoc>> = {
  ...SCRIPT_DOCS,
  ...SERVICE_DOCS,
  ...SETTING_DOCS,
  ...SECRET_DOCS,
  ...INSTALLATION_DOCS,
  ...WORKBENCH_DOCS,
  ...SUPERVISOR_DOCS,
  ...UNREAD_DOCS,
};
