import { anyText, oneOf } from '../values.ts';
import { lintel, platform, type Variable } from '../variable.ts';

export const GPU = {
  gpu: lintel(
    'LINTEL_GPU',
    oneOf(['nvidia', 'amd', 'intel', 'none']),
    'Which GPU there is, instead of looking. Lintel sets it for scripts and services.',
  ),
  nvidiaVisibleDevices: platform(
    'NVIDIA_VISIBLE_DEVICES',
    anyText,
    'void and none say that the platform gave no GPU; anything else is no more than a hint.',
  ),
} as const satisfies Record<string, Variable<unknown>>;
