import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import { readTextIfAny } from './files.ts';

export type GpuVendor = 'nvidia' | 'amd' | 'intel';

/** The GPUs of one vendor, as far as looking tells: nothing here opens a device, since that may take seconds or hang. */
export interface GpuFact {
  readonly vendor: GpuVendor;
  /** GPUs; of one that is divided (MIG) the parts that were given to the container. */
  readonly count: number;
  /** The device nodes that a program opens. */
  readonly nodes: readonly string[];
  /** Version of NVIDIA's kernel module, where that tells it. */
  readonly driver: string | undefined;
}

/**
 * What there is evidence of, the one that wins first: NVIDIA's, AMD's, Intel's. A machine with a graphics card for
 * computing often has a smaller one of the processor's maker beside it.
 *
 * One look at /dev costs 20 µs and is all where there is no GPU. Of /proc/driver/nvidia only what the module has at
 * hand is read: gpus/N/information wakes the GPU, and waits for one that has fallen off the bus.
 */
export function readGpus(root: string, settings: Settings): GpuFact[] {
  const dev = listNames(`${root}/dev`);
  // Images bake in "all", and with CDI a container that was given GPUs has "void": only "none" is somebody's wish.
  const isWanted = settings.nvidiaVisibleDevices !== 'none';
  const nvidia = isWanted ? (readNvidia(root, dev) ?? readWsl(root, dev)) : undefined;
  const render = dev.includes('dri') ? readRenderNodes(root) : [];
  return [nvidia, dev.includes('kfd') ? findAmd(root, render) : undefined, findIntel(render)].filter(
    gpu => gpu !== undefined,
  );
}

function readNvidia(root: string, dev: readonly string[]): GpuFact | undefined {
  const numbers = dev.flatMap(name => /^nvidia(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  if (numbers.length === 0) return undefined;
  const countOf = dev.includes('nvidia-caps') ? (number: number) => countParts(root, number) : () => 0;
  const sorted = numbers.sort((a, b) => a - b);
  return {
    vendor: 'nvidia',
    count: sorted.reduce((sum, number) => sum + (countOf(number) || 1), 0),
    nodes: [...sorted.map(String), ...(dev.includes('nvidiactl') ? ['ctl'] : [])].map(
      end => `${root}/dev/nvidia${end}`,
    ),
    driver: parseDriver(readTextIfAny(`${root}/proc/driver/nvidia/version`) ?? ''),
  };
}

/** A divided GPU's parts: compute instances within GPU instances. The driver's folders are no more than names. */
function countParts(root: string, number: number): number {
  const mig = `${root}/proc/driver/nvidia/capabilities/gpu${number}/mig`;
  const instances = listNames(mig).filter(name => /^gi\d+$/.test(name));
  const parts = instances.flatMap(name => listNames(`${mig}/${name}`));
  return parts.filter(name => /^ci\d+$/.test(name)).length;
}

/** "NVRM version: NVIDIA UNIX x86_64 Kernel Module  384.98  Thu …", "… Open Kernel Module for x86_64  565.57.01  …". */
export function parseDriver(version: string): string | undefined {
  return /Kernel Module(?: for \S+)?\s+(\d[\w.]*)/.exec(version)?.[1];
}

/**
 * Windows' Linux has one node for all GPUs, of whatever maker. Windows' own NVIDIA driver shows in the libraries that it
 * lends: lib/ on the machine itself, drivers/nv… in a container. How many there are only nvidia-smi can tell.
 */
function readWsl(root: string, dev: readonly string[]): GpuFact | undefined {
  if (!dev.includes('dxg')) return undefined;
  const isLent =
    listNames(`${root}/usr/lib/wsl/lib`).some(name => /^(libcuda\.so|nvidia-smi)/.test(name)) ||
    listNames(`${root}/usr/lib/wsl/drivers`).some(name => name.startsWith('nv'));
  if (!isLent) return undefined;
  return { vendor: 'nvidia', count: 1, nodes: [`${root}/dev/dxg`], driver: undefined };
}

interface RenderNode {
  readonly path: string;
  readonly maker: 'amd' | 'intel' | undefined;
}

/** PCI's numbers of the makers. */
const MAKERS: Readonly<Record<string, 'amd' | 'intel'>> = { '0x1002': 'amd', '0x8086': 'intel' };

function readRenderNodes(root: string): RenderNode[] {
  const names = listNames(`${root}/dev/dri`).filter(name => /^renderD\d+$/.test(name));
  // All have three digits.
  return names.sort().map(name => ({ path: `${root}/dev/dri/${name}`, maker: readMaker(root, name) }));
}

/** A container sees all of the machine's /sys, so the nodes decide and not what stands there. */
function readMaker(root: string, name: string): RenderNode['maker'] {
  const device = `${root}/sys/class/drm/${name}/device`;
  const vendor = readTextIfAny(`${device}/vendor`)?.trim();
  if (vendor !== undefined) return MAKERS[vendor];
  // The second and later parts of a divided Instinct are no PCI devices, but platform devices "amdgpu_xcp_1".
  return isPart(device) ? 'amd' : undefined;
}

function isPart(device: string): boolean {
  try {
    return basename(readlinkSync(device)).startsWith('amdgpu_xcp');
  } catch {
    return false;
  }
}

/** Computing needs /dev/kfd too; with a render node alone there are only pictures. */
function findAmd(root: string, render: readonly RenderNode[]): GpuFact | undefined {
  const own = render.filter(({ maker }) => maker === 'amd').map(({ path }) => path);
  if (own.length === 0) return undefined;
  return { vendor: 'amd', count: own.length, nodes: [`${root}/dev/kfd`, ...own], driver: undefined };
}

function findIntel(render: readonly RenderNode[]): GpuFact | undefined {
  const own = render.filter(({ maker }) => maker === 'intel').map(({ path }) => path);
  if (own.length === 0) return undefined;
  return { vendor: 'intel', count: own.length, nodes: own, driver: undefined };
}

/** In whatever order: /dev may hold hundreds of names. Empty where there is no such folder. */
function listNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
