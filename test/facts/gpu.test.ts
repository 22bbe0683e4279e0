import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import { type GpuFact, parseDriver, readGpus } from '../../src/facts/gpu.ts';
import { findComplaint, parseModels, parseNvidiaList } from '../../src/steps/nvidia.ts';
import { makeSettings } from '../facts-fixture.ts';
import { type Entry, makeFolder, script } from './folder.ts';
import { parseEvidence, readAllEvidence, readEvidence, renderNvidiaSmi } from './gpu-evidence.ts';

const NONE: readonly GpuFact[] = [];
const NVIDIA_NODES = {
  'dev/nvidia0': '',
  'dev/nvidiactl': '',
  'dev/nvidia-uvm': '',
  'dev/nvidia-modeset': '',
};
const vendor = (name: string, number: string) => ({ [`sys/class/drm/${name}/device/vendor`]: `${number}\n` });

/** "vendor count node,node" for each, the nodes without the root. */
function show(gpus: readonly GpuFact[], root: string): string[] {
  return gpus.map(
    ({ vendor: maker, count, nodes }) =>
      `${maker} ${count} ${nodes.map(node => node.slice(`${root}/dev/`.length)).join()}`,
  );
}

const look = (t: Parameters<typeof makeFolder>[0], entries: Record<string, Entry>, given = {}) => {
  const root = makeFolder(t, entries);
  return show(readGpus(root.path, makeSettings(given)), root.path);
};

describe('a machine', () => {
  for (const [seen, entries, expected] of [
    ['without /dev', {}, []],
    ['without a GPU', { 'dev/null': '', 'dev/pts': 'a folder' }, []],
    ['with one of NVIDIA’s', NVIDIA_NODES, ['nvidia 1 nvidia0,nvidiactl']],
    [
      'with more than ten of them, in their order',
      { 'dev/nvidia10': '', 'dev/nvidia2': '', 'dev/nvidia0': '' },
      ['nvidia 3 nvidia0,nvidia2,nvidia10'],
    ],
    ['with NVIDIA’s driver, and no GPU given', { 'dev/nvidiactl': '', 'dev/nvidia-uvm': '' }, []],
    [
      'with AMD’s',
      { 'dev/kfd': '', 'dev/dri/renderD128': '', 'dev/dri/card0': '', ...vendor('renderD128', '0x1002') },
      ['amd 1 kfd,dri/renderD128'],
    ],
    ['with AMD’s for pictures alone', { 'dev/dri/renderD128': '', ...vendor('renderD128', '0x1002') }, []],
    [
      'with a divided one of AMD’s',
      {
        'dev/kfd': '',
        'dev/dri/renderD128': '',
        'dev/dri/renderD129': '',
        ...vendor('renderD128', '0x1002'),
        'sys/class/drm/renderD129/device': { link: '../../../amdgpu_xcp_0' },
      },
      ['amd 2 kfd,dri/renderD128,dri/renderD129'],
    ],
    [
      'with Intel’s, whatever else /sys tells of the machine',
      {
        'dev/dri/renderD128': '',
        ...vendor('renderD128', '0x8086'),
        ...vendor('renderD129', '0x1002'),
      },
      ['intel 1 dri/renderD128'],
    ],
    [
      'with a render node of unknown make',
      { 'dev/dri/renderD128': '', ...vendor('renderD128', '0x1af4') },
      [],
    ],
    ['with a render node and no /sys', { 'dev/dri/renderD128': '' }, []],
    [
      'with all of them: NVIDIA’s wins over AMD’s, AMD’s over Intel’s',
      {
        ...NVIDIA_NODES,
        'dev/kfd': '',
        'dev/dri/renderD128': '',
        'dev/dri/renderD129': '',
        'dev/dri/renderD130': '',
        ...vendor('renderD128', '0x8086'),
        ...vendor('renderD129', '0x10de'),
        ...vendor('renderD130', '0x1002'),
      },
      ['nvidia 1 nvidia0,nvidiactl', 'amd 1 kfd,dri/renderD130', 'intel 1 dri/renderD128'],
    ],
    [
      'in Windows, with NVIDIA’s driver there',
      { 'dev/dxg': '', 'usr/lib/wsl/lib/libcuda.so.1': '' },
      ['nvidia 1 dxg'],
    ],
    ['in Windows, with another’s', { 'dev/dxg': '', 'usr/lib/wsl/lib/libdxcore.so': '' }, []],
  ] as const) {
    test(`${seen}: ${expected.length === 0 ? 'no GPU' : 'seen'}`, t => {
      assert.deepEqual(look(t, entries), expected);
    });
  }

  test('with a divided GPU and a whole one: each part counts, and the whole one', t => {
    const part = (path: string) => ({ [`proc/driver/nvidia/capabilities/gpu0/mig/${path}/access`]: 'x' });
    const entries = {
      'dev/nvidia0': '',
      'dev/nvidia1': '',
      'dev/nvidia-caps': 'a folder',
      ...part('gi1/ci0'),
      ...part('gi1/ci1'),
      ...part('gi2/ci0'),
    } as const;
    assert.deepEqual(look(t, entries), ['nvidia 4 nvidia0,nvidia1']);
  });

  for (const [value, isOff] of [
    ['none', true],
    ['void', false],
    ['all', false],
    ['', false],
    ['GPU-67a571b1', false],
  ] as const) {
    test(`with NVIDIA’s and NVIDIA_VISIBLE_DEVICES=${value}: ${isOff ? 'not seen' : 'seen'}`, t => {
      const seen = look(t, NVIDIA_NODES, { NVIDIA_VISIBLE_DEVICES: value });
      assert.equal(seen.length, isOff ? 0 : 1);
    });
  }

  test('where images bake in NVIDIA_VISIBLE_DEVICES=all, and there is none: no GPU', t => {
    assert.deepEqual(look(t, { 'dev/null': '' }, { NVIDIA_VISIBLE_DEVICES: 'all' }), NONE);
  });
});

describe('NVIDIA’s driver', () => {
  for (const [text, version] of [
    ['NVRM version: NVIDIA UNIX x86_64 Kernel Module  384.98  Thu Oct 26 15:16:01 PDT 2017', '384.98'],
    [
      'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  565.57.01  Release Build  (dvs-builder@U16)',
      '565.57.01',
    ],
    ['NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  35.3.1  Release Build', '35.3.1'],
    ['', undefined],
    ['something else', undefined],
  ] as const) {
    test(`${version ?? 'of no version'} is told by "${text.slice(0, 60)}"`, () => {
      assert.equal(parseDriver(text), version);
    });
  }
});

/** What each of the machines in gpu/ must be taken for: facts, and names or what is said in their place. */
const MACHINES: Readonly<
  Record<string, { readonly facts: string[]; readonly names: string[]; readonly says?: string }>
> = {
  'a100-mig': {
    facts: ['nvidia 2 nvidia0,nvidiactl'],
    names: ['NVIDIA A100-SXM4-80GB MIG 1g.10gb', 'NVIDIA A100-SXM4-80GB MIG 1g.10gb'],
  },
  'a100-mixed': {
    facts: ['nvidia 4 nvidia0,nvidia1,nvidia2,nvidia3'],
    names: [
      ...Array<string>(4).fill('NVIDIA A100-SXM4-80GB MIG 1g.20gb'),
      ...Array<string>(3).fill('NVIDIA A100-SXM4-80GB'),
    ],
  },
  'rtx-2080-ti': {
    facts: ['nvidia 4 nvidia0,nvidia1,nvidia2,nvidia3,nvidiactl'],
    names: Array<string>(4).fill('NVIDIA GeForce RTX 2080 Ti'),
  },
  l4: { facts: ['nvidia 1 nvidia0'], names: ['NVIDIA L4'] },
  'version-mismatch': {
    facts: ['nvidia 1 nvidia0'],
    names: [],
    says: 'Failed to initialize NVML: Driver/library version mismatch',
  },
  lost: {
    facts: ['nvidia 1 nvidia0'],
    names: [],
    says: 'Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost. Reboot the system to recover this GPU',
  },
  'no-library': {
    facts: ['nvidia 1 nvidia0'],
    names: [],
    says: "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display Driver is properly installed and present in your system",
  },
  wsl: {
    facts: ['nvidia 1 dxg'],
    names: [],
    says: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running",
  },
  mi200: { facts: ['amd 2 kfd,dri/renderD128,dri/renderD129'], names: [] },
};

describe('the evidence of real machines', () => {
  for (const evidence of readAllEvidence()) {
    test(`${evidence.name} is understood`, t => {
      const expected = MACHINES[evidence.name];
      assert.ok(expected !== undefined, 'write down in MACHINES what it must be taken for');
      assert.notEqual(evidence.source, '');
      assert.deepEqual(look(t, evidence.entries), expected.facts);
      const listing = evidence.listing?.text ?? '';
      const information = Object.entries(evidence.entries).flatMap(([path, entry]) =>
        path.endsWith('/information') && typeof entry === 'string' ? [entry] : [],
      );
      const names =
        evidence.listing === undefined ? parseModels(information.join('')) : parseNvidiaList(listing);
      assert.deepEqual(names, expected.names);
      assert.equal(names.length > 0 ? undefined : findComplaint(listing, ''), expected.says);
    });
  }

  test('is written by dev/gpu-evidence.sh as it is read', t => {
    const { entries, listing } = readEvidence('a100-mig');
    const root = makeFolder(t, {
      ...entries,
      ...vendor('renderD128', '0x1002'),
      'dev/dri/renderD128': '',
      'sys/class/drm/renderD129/device': { link: '../../../amdgpu_xcp_0' },
      'bin/nvidia-smi': script(renderNvidiaSmi(readEvidence('a100-mig'))),
    });
    const path = join(import.meta.dirname, '../../dev/gpu-evidence.sh');
    const { stdout } = execaSync('sh', [path, 'a machine of mine'], {
      env: { ROOT: root.path, PATH: `${root.at('bin')}:${process.env['PATH']}` },
    });
    const written = parseEvidence('written', `${stdout}\n`);
    assert.equal(written.source, 'a machine of mine');
    assert.deepEqual(written.listing, { code: listing?.code, text: `${listing?.text.trimEnd()}\n` });
    assert.deepEqual(
      Object.keys(written.entries).sort(),
      [
        ...Object.keys(entries),
        'dev/dri/renderD128',
        'sys/class/drm/renderD128/device/vendor',
        'sys/class/drm/renderD129/device',
      ]
        .filter(name => !name.endsWith('gi8/access'))
        .sort(),
    );
    assert.match(stdout, /^== open \/dev\/nvidia0 ended with 0: $/m);
  });
});
