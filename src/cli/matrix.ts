import { existsSync } from 'node:fs';
import { checkFilePlace, LIMITS, readBoundedText, warnsOnce, writeAtomic } from '../assets/index.js';
import { parsedJson } from '../core/errors.js';
import { integer } from '../core/options.js';
import { deriveSeed, permutation } from '../core/random.js';
import { openDataset } from '../data/index.js';
import { type Cell, type MatrixRow, matrixCells, matrixRow } from '../studies/matrix.js';

/** What `quality --matrix` may be told. */
export interface MatrixFlags {
  readonly seed?: string;
  readonly data?: string;
  /** A file of rows that it goes on from and writes; default results/matrix.json. */
  readonly out?: string;
  /** Cells, drawn by the seed; default all. */
  readonly sample?: string;
  /** Words that a cell must contain, e.g. `lenet5,none`. */
  readonly only?: string;
}

const nameOf = ({ network, phi, batch, labels, localSteps }: Cell): string =>
  `${network} ${phi} batch ${batch} ${labels} ${localSteps} steps`;

/** Attacks the cells that the file does not have yet, one row after the other; says which fail. */
export async function matrix({
  seed: text = '1',
  data: source,
  out = 'results/matrix.json',
  sample,
  only,
}: MatrixFlags) {
  const seed = integer('quality', '--seed', Number(text), 0);
  await checkFilePlace('roglab quality', out);
  const data = await openDataset(source, source?.startsWith('folder:') ? { size: 32 } : {});
  if (data.notice) console.error(data.notice);
  const all = matrixCells(data.classNames.length);
  const words = only?.split(',') ?? [];
  const order = permutation(all.length, deriveSeed(seed, 'cells'));
  const cells = [...order].map((at) => all[at]!).filter((cell) => words.every((word) => nameOf(cell).includes(word)));
  const wanted = cells.slice(0, sample === undefined ? undefined : integer('quality', '--sample', Number(sample), 1));
  const before = existsSync(out) ? readBoundedText('roglab quality', out, LIMITS.tableBytes) : '{"rows":[]}';
  const { rows } = parsedJson(`roglab quality ${out}`, before) as { rows: MatrixRow[] };
  const warn = warnsOnce('the rows so far are printed only');
  const done = new Set(rows.map((row) => `${row.seed} ${row.data} ${nameOf(row)}`));
  const left = wanted.filter((cell) => !done.has(`${seed} ${data.name} ${nameOf(cell)}`));
  const pace = rows.length ? rows.reduce((sum, row) => sum + row.seconds, 0) / rows.length : 20;
  console.log(`${left.length} of ${wanted.length} cells left, about ${Math.ceil((left.length * pace) / 60)} minutes`);
  for (const cell of left) {
    const row = await matrixRow(data, cell, seed);
    rows.push(row);
    console.log(line(row));
    await writeAtomic(out, `${JSON.stringify({ cells: all.length, rows }, null, 1)}\n`).catch(warn);
  }
  const failing = rows.filter(({ ahead }) => ahead < -1);
  console.log(
    `\n${rows.length} of ${all.length} cells; default more than 1 dB under the best of ours in ${failing.length}:`,
  );
  for (const row of failing) console.log(line(row));
}

const line = (row: MatrixRow): string =>
  `${nameOf(row).padEnd(52)} ${row.ahead.toFixed(1).padStart(6)} dB  ${Object.entries(row.psnr)
    .map(([name, value]) => `${name} ${value?.toFixed(1) ?? '-'}`)
    .join(', ')}`;
