import { anyText, integer, oneOf } from '../values.ts';
import { lintel, platform, type Variable } from '../variable.ts';

export const GPU = {
  gpu: lintel(
    'LINTEL_GPU',
    oneOf(['nvidia', 'amd', 'intel', 'none']),
    'Whose GPU there is, instead of looking; none: nothing is looked for. Lintel sets it for scripts, services and CMD.',
  ),
  gpuCount: lintel(
    'LINTEL_GPU_COUNT',
    integer({ from: 0, to: 1024, unit: 'GPUs' }),
    'How many there are, instead of counting; parts of divided ones (MIG) count each. Lintel sets it, too.',
  ),
  nvidiaVisibleDevices: platform(
    'NVIDIA_VISIBLE_DEVICES',
    anyText,
    'none: NVIDIA’s GPUs are not looked for. Anything else says nothing: images bake in all, and CDI sets void beside the GPUs that it gives.',
  ),
} as const satisfies Record<string, Variable<unknown>>;
