import type { ImageFacts } from '../facts/image/image.ts';
import type { Finding, Topic } from './finding.ts';
import { installation } from './installation.ts';
import { scripts } from './scripts.ts';
import { secrets } from './secrets.ts';
import { services } from './services.ts';
import { settings } from './settings.ts';
import { supervisors } from './supervisors.ts';
import { unread } from './unread.ts';
import { workbench } from './workbench.ts';

/** All that an image is judged by. docs/check.md is made from it. */
export const TOPICS: readonly Topic[] = [
  scripts,
  services,
  settings,
  secrets,
  installation,
  workbench,
  supervisors,
  unread,
];

/** What is to be said of an image, by path and line. Pure. */
export function judgeImage(image: ImageFacts): Finding[] {
  const byText = new Map(
    TOPICS.flatMap(topic => topic.find(image)).map(one => [JSON.stringify(one), one] as const),
  );
  return [...byText.values()].sort(compare);
}

function compare(a: Finding, b: Finding): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
