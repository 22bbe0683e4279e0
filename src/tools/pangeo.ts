import { withoutLastSlashes } from '../slashes.ts';
import { NOTHING, type Tool } from './tool.ts';

/** PANGEO_SCRATCH: the user's own folder in a bucket for everybody. With a slash at its end, as Pangeo's images have it. */
export const pangeo: Tool = {
  name: 'pangeo',
  configure({ pangeoScratchPrefix, jupyterhubUser }) {
    if (pangeoScratchPrefix === undefined || jupyterhubUser === undefined) return undefined;
    const scratch = `${withoutLastSlashes(pangeoScratchPrefix)}/${jupyterhubUser}/`;
    return { ...NOTHING, env: { PANGEO_SCRATCH: scratch } };
  },
};
