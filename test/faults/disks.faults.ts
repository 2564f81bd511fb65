/** Full and read-only disks: small file systems in memory, where this user may mount them. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdCheckpoint } from '../../src/assets/held-checkpoint.js';
import { openDataset } from '../../src/data/index.js';
import { lenet, loadWeights, saveWeights } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { sweepFolder, WRITERS } from '../cli/places.js';
import { writeMadeUpCifar10 } from '../data/made-up.js';

const mounted: string[] = [];
after(() => {
  for (const folder of mounted) execFileSync('umount', [folder]);
});
const root = temporaryFolder(); // removed after that

/** A disk of so many bytes; undefined where none may be mounted. */
function disk(name: string, size: string): string | undefined {
  const folder = join(root, name);
  mkdirSync(folder);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status !== 0) return undefined;
  mounted.push(folder);
  return folder;
}

/** Takes all space that is left, but for so many bytes. */
function fill(folder: string, left = 0): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - left)));
}

const probe = disk('probe', '64k');
const skip = probe ? false : 'no file system may be mounted here (not root)';
const script = fileURLToPath(new URL('runs.js', import.meta.url));
const run = (kind: string, checkpoint: string) =>
  spawnSync(process.execPath, [script, kind, checkpoint], { encoding: 'utf8' });
const resultOf = ({ stdout }: { stdout: string }): string => stdout.trim().split('\n').at(-1)!;

for (const kind of ['attack', 'fit', 'federate'])
  test(`${kind}: a disk that is full, or fills up, at a checkpoint costs a warning, not the run; no litter`, {
    skip,
  }, () => {
    const whole = resultOf(run(kind, join(root, `${kind} whole`)));
    for (const left of [0, 8192, 40_000]) {
      const folder = disk(`${kind} ${left}`, '512k')!;
      fill(folder, left);
      const ended = run(kind, join(folder, 'checkpoint'));
      assert.equal(ended.status, 0, ended.stderr);
      assert.equal(resultOf(ended), whole);
      assert.match(ended.stderr, /the disk is full.*the run goes on without a checkpoint/);
      const rest = readdirSync(folder).filter((name) => !/^(filler|checkpoint|checkpoint.previous)$/.test(name));
      assert.deepEqual(rest, []);
    }
  });

test('every command that writes: a full and a read-only disk are told in one line before the work; nothing is left', {
  skip,
}, async () => {
  const sweep = await sweepFolder(join(root, 'sweep'));
  const [full, shut] = [disk('full', '64k')!, disk('shut too', '64k')!];
  fill(full);
  execFileSync('mount', ['-o', 'remount,ro', shut]);
  const places = { [full]: /(the disk is full|MB of free disk, got .*); free some space/, [shut]: /read-only; choose/ };
  for (const [what, write] of Object.entries(WRITERS))
    for (const [place, message] of Object.entries(places)) {
      if (place === full && what === 'attack --checkpoint') continue; // a warning: see above
      const { status, stdout, stderr } = write(join(place, 'deep'), sweep);
      assert.match(stderr.trim().split('\n').at(-1)!, message, what);
      assert.ok(status === 1 && !/\b(E[A-Z]{4,})\b/.test(stderr) && !stdout.includes('{'), `${what}: ${stderr}`);
      assert.deepEqual(readdirSync(place), place === full ? ['filler'] : [], what);
    }
});

test('saveWeights to a full disk says so, keeps what was there and leaves nothing over', { skip }, async () => {
  const folder = disk('weights', '1m')!;
  const model = lenet({ imageShape: [8, 8, 3], classes: 2, seed: 1 });
  const path = join(folder, 'model.safetensors');
  const small = { ...model, parameters: model.parameters.slice(0, 1) };
  await saveWeights(path, small);
  fill(folder);
  await assert.rejects(saveWeights(path, model), /cannot write .*the disk is full; free some space/);
  assert.deepEqual(readdirSync(folder).sort(), ['filler', 'model.safetensors']);
  assert.ok(await loadWeights(path, small));
});

test('openDataset: a cache that is full or read-only is no end, and one that holds the data is read', {
  skip,
}, async () => {
  delete process.env.ROGLAB_DATA;
  const full = disk('cache', '64k')!;
  fill(full);
  process.env.ROGLAB_CACHE = join(full, 'roglab');
  const data = await openDataset('cifar10');
  assert.equal(data.name, 'scenes');
  assert.match(data.notice!, /the disk is full|free disk/);
  const shut = disk('shut', '1m')!;
  mkdirSync(join(shut, 'cifar-10-batches-bin'));
  writeMadeUpCifar10(join(shut, 'cifar-10-batches-bin'));
  execFileSync('mount', ['-o', 'remount,ro', shut]);
  process.env.ROGLAB_CACHE = shut;
  assert.equal((await openDataset('cifar10')).name, 'cifar10');
  assert.match((await openDataset('mnist')).notice!, /read-only/);
  await assert.rejects(holdCheckpoint(join(shut, 'run')), /the file system is read-only; choose another folder/);
});
