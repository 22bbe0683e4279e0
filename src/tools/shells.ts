import type { ConfigFile } from '../facts/configs.ts';
import { mayWriteHome } from '../user.ts';
import { prependMarked, removeMarked } from './marked.ts';
import { type FileWrite, NOTHING, type Tool } from './tool.ts';

/** Where login shells look; an image that is a copy of rootfs/ has it from there. */
export const PROFILE_HOOK = '/etc/profile.d/00-lintel.sh';

/**
 * Shells that Lintel did not start: login shells by /etc/profile.d, interactive bash by /etc/bash.bashrc, else by the
 * user's own ~/.bashrc where there is one. All of them read env.sh of the runtime folder, if one runs here.
 */
export const shells: Tool = {
  name: 'shells',
  configure(_settings, facts) {
    const { profile, bashrc, userBashrc } = facts.shells;
    if (profile === undefined) return undefined;
    const hook = renderProfileHook(facts.root);
    const files: FileWrite[] = [];
    if (profile.isWritable && profile.trouble === undefined && profile.text !== hook)
      files.push({ path: profile.path, text: hook, mode: 0o644, owner: 'lintel' });
    const hasHook = profile.text !== undefined || files.length > 0;
    // By the system's file for everybody, else by the user's own.
    const isForAll = bashrc?.isWritable === true || isDone(bashrc, facts.root);
    const config = isForAll ? bashrc : userBashrc;
    if (!hasHook || config?.text === undefined || config.trouble !== undefined) return { ...NOTHING, files };
    const text = addHook(config.text, facts.root);
    if (text === config.text) return { ...NOTHING, files };
    if (!isForAll && !mayWriteHome(facts.workbench.user, facts.home))
      return { ...NOTHING, files, warnings: [sayClosed(bashrc, config)] };
    const owner = isForAll ? 'lintel' : 'workbench';
    return { ...NOTHING, files: [...files, { path: config.path, text, mode: 0o644, owner }] };
  },
};

function addHook(text: string, root: string): string {
  const path = `${root}${PROFILE_HOOK}`;
  return prependMarked(removeMarked(text), [`if [ -r ${path} ]; then . ${path}; fi`]);
}

/** By an earlier start, or by whoever built the image. */
function isDone(config: ConfigFile | undefined, root: string): boolean {
  return config?.text !== undefined && addHook(config.text, root) === config.text;
}

function sayClosed(bashrc: ConfigFile | undefined, userBashrc: ConfigFile): string {
  const both = [bashrc, userBashrc].flatMap(config => config?.path ?? []).join(' nor ');
  return `a bash that Lintel does not start lacks what the boot adds, since neither ${both} can be written: start it by "lintel run -- bash"`;
}

/**
 * Reads env.sh where root or this very user made it: in /tmp anybody could. Root reads nobody else's.
 * Names begin with lintel__, since this runs in everybody's shell.
 */
export function renderProfileHook(root: string): string {
  return `# Shells that Lintel did not start get the environment of the workbench. Does nothing where no Lintel runs.
for lintel__folder in ${root}/run/lintel "\${LINTEL_RUNTIME_DIR:-/run/lintel}" "\${XDG_RUNTIME_DIR:-/run}/lintel" \\
  ${root}/tmp/lintel-* ${root}/dev/shm/lintel-*; do
  [ -r "$lintel__folder/env.sh" ] || continue
  if [ -O "$lintel__folder" ] && [ ! -L "$lintel__folder" ] && [ -O "$lintel__folder/env.sh" ]; then :
  elif [ "$lintel__folder" = ${root}/run/lintel ] && [ ! -O / ]; then :
  else continue
  fi
  . "$lintel__folder/env.sh"
  break
done
unset lintel__folder
`;
}
