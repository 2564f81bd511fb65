import type { Cell } from '../../notebook/format.js';

const markdown = (id: string, ...lines: readonly string[]): Cell => ({
  cell_type: 'markdown',
  id,
  metadata: {},
  source: lines.join('\n'),
});

const code = (id: string, ...lines: readonly string[]): Cell => ({
  cell_type: 'code',
  id,
  metadata: {},
  source: lines.join('\n'),
  outputs: [],
  execution_count: null,
});

/** The notebook of a new project: own images if there are any, one setting, one attack, one picture. */
export const starterCells: readonly Cell[] = [
  markdown('title', '# What does my setting leak?', '', 'Change the client and phi below to what you mean to ship.'),
  code(
    'setup',
    "import * as rog from 'roglab';",
    "import { readdirSync } from 'node:fs';",
    'const session = await rog.start();',
    'const isPicture = (file: string) => /\\.(png|jpe?g)$/i.test(file);',
    "const own = readdirSync('images', { recursive: true, encoding: 'utf8' }).some(isPicture);",
    "const data = await rog.openDataset(own ? 'folder:images' : 'scenes', own ? { size: 32 } : {});",
    "rog.note(session.line + '\\n\\ndata: ' + data.source);",
  ),
  markdown('client-title', '## The client, and phi'),
  code(
    'client',
    'const size = Math.min(4, data.classNames.length);',
    "const batch = data.batch({ split: 'test', size, seed: 1, labels: 'distinct' });",
    'const model = rog.lenet({ imageShape: data.imageShape, classes: data.classNames.length });',
    'const update = await rog.clientUpdate(model, batch, { localSteps: 1, learningRate: 0.003 });',
    'const phi = rog.uniformQuantizer({ bits: 3 });',
    "const observed = rog.observe(model, update, { obfuscation: phi, labels: 'infer' });",
  ),
  markdown('attack-title', '## What the server rebuilds'),
  code(
    'attack',
    "const result = await rog.rog(observed, { iterations: 100, onProgress: rog.progress('3 bits') });",
    'const scores = await rog.score(batch, result);',
    "rog.imageGrid([batch.images, rog.matched(result, scores)], { rows: ['private', 'rebuilt'] });",
  ),
  code(
    'table',
    'rog.table(scores.psnr.map((psnr, i) => ({ image: i + 1, psnr, ssim: scores.ssim[i] })), {',
    "  columns: rog.metrics.scoreColumns(['psnr', 'ssim']),",
    '  note: rog.metrics.SCORE_NOTE,',
    '});',
  ),
];
