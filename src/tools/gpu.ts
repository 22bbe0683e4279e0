import type { Facts } from '../facts/facts.ts';
import type { GpuFact } from '../facts/gpu.ts';
import type { Settings } from '../settings/settings.ts';
import { NOTHING, type Tool } from './tool.ts';

/** LINTEL_GPU and LINTEL_GPU_COUNT, for whoever chooses by them: a script, a service, a notebook. */
export const gpu: Tool = {
  name: 'gpu',
  configure(settings, facts) {
    const chosen = chooseGpu(settings, facts);
    const vendor = chosen?.vendor ?? 'none';
    const count = String(chosen?.count ?? 0);
    return {
      ...NOTHING,
      env: { LINTEL_GPU: vendor, LINTEL_GPU_COUNT: count },
      notes: chosen === undefined ? [] : [`${vendor}, ${count} (${renderEvidence(chosen, settings)})`],
    };
  },
};

/** The GPU that this boot goes by: the operator's word, else the one that wins; undefined for none. */
export function chooseGpu(settings: Settings, facts: Facts): GpuFact | undefined {
  if (settings.gpu === 'none') return undefined;
  const found = settings.gpu === undefined ? facts.gpus[0] : findVendor(settings.gpu, facts);
  if (found === undefined || settings.gpuCount === undefined) return found;
  return { ...found, count: settings.gpuCount };
}

/** Where nothing of it is seen, the operator is believed all the same: one GPU, of a kind that Lintel doesn't know. */
function findVendor(vendor: GpuFact['vendor'], facts: Facts): GpuFact {
  const found = facts.gpus.find(fact => fact.vendor === vendor);
  return found ?? { vendor, count: 1, nodes: [], driver: undefined };
}

function renderEvidence({ nodes, driver }: GpuFact, settings: Settings): string {
  const evidence = [...nodes, ...(driver === undefined ? [] : [`driver ${driver}`])];
  if (settings.gpu !== undefined) evidence.unshift('LINTEL_GPU');
  return evidence.join(', ');
}
