/**
 * What `nvidia-smi -L` lists, a part of a divided GPU (MIG) in place of the GPU itself, which then can't be used:
 *
 *     GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-7fdaf0a5-…)
 *       MIG 1g.10gb     Device  0: (UUID: MIG-feb88891-…)
 *     GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-d8594bd4-…)
 */
export function parseNvidiaList(text: string): string[] {
  const gpus: { readonly name: string; readonly parts: string[] }[] = [];
  for (const line of text.split('\n')) {
    const gpu = /^GPU \d+: (.*?)(?: \(UUID: [^)]*\))?\s*$/.exec(line)?.[1];
    const part = /^\s+MIG (\S+)\s+Device\s+\d+:/.exec(line)?.[1];
    if (gpu !== undefined) gpus.push({ name: gpu, parts: [] });
    else if (part !== undefined) gpus.at(-1)?.parts.push(part);
  }
  return gpus.flatMap(({ name, parts }) =>
    parts.length === 0 ? [name] : parts.map(part => `${name} MIG ${part}`),
  );
}

/** The names in /proc/driver/nvidia/gpus/N/information: "Model: \t\t NVIDIA GeForce RTX 3060". */
export function parseModels(information: string): string[] {
  return [...information.matchAll(/^Model:\s*(\S.*?)\s*$/gm)].map(([, name = '']) => name);
}

/** The line that says why: "Failed to initialize NVML: Driver/library version mismatch". undefined for silence. */
export function findComplaint(stdout: string, stderr: string): string | undefined {
  const lines = `${stdout}\n${stderr}`.split('\n').map(line => line.trim().slice(0, MOST_CHARACTERS));
  return lines.find(line => line !== '' && !line.startsWith('GPU '))?.replace(/(?<![.\s])[.\s]+$/, '');
}

const MOST_CHARACTERS = 300;
