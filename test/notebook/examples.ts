/** Every `@example` of the doc comments of src. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../fixtures.js';

/** What the examples speak of, made by a cell before them. */
const MADE = `
import * as rog from 'roglab';
import * as aq from 'arquero';
const { tf } = rog;
const data = await rog.openDataset('scenes', { size: 32 });
const model = rog.network({ name: 'small', imageShape: [32, 32, 3], classes: data.classNames.length, layers: [
  { kind: 'conv', filters: 4, size: 5, stride: 4 }, { kind: 'relu' },
  { kind: 'dense', units: 32, bias: true }, { kind: 'relu' },
  { kind: 'dense', units: data.classNames.length, bias: true }] });
const draw = (seed: number) => data.batch({ split: 'test', size: 2, seed, labels: 'distinct' });
const batch = draw(7);
const settings = { learningRate: 0.1 };
const update = await rog.clientUpdate(model, batch, settings);
const next = await rog.clientUpdate(model, draw(8), settings);
const [alice, bob] = [update, next];
const [ofAlice, ofBob] = [batch.labels, draw(8).labels];
const before = model;
const after = rog.federation.applyUpdate(model, update.tensors, 0.1);
const observed = rog.observe(model, update, { obfuscation: rog.uniformQuantizer({ bits: 3 }), labels: batch.labels });
const [seen3, seen1] = [observed, rog.observe(model, update, { obfuscation: rog.phi.sign(), labels: batch.labels })];
const result = await rog.rog(observed, { iterations: 20 });
const jobs = [async () => ({ observation: observed, attack: 'rog' as const, options: { iterations: 20 } })];
const trials = [{ model, batch, phi: 'sign', options: { iterations: 20 } }];
const done = await rog.study(['quantize:3', 'sign'].map((phi) =>
  ({ model, batch, phi, client: 'FedSGD', family: 'ours', options: { iterations: 20 } })));
const scores = done.map((one) => one.scores);
const rows = aq.from(
  done.flatMap(({ phi, scores }) => scores.psnr.map((psnr, k) => ({ phi, psnr, ssim: scores.ssim[k] }))));
const bits = [3, 1];
const psnr = [20.5, 15.1];
const jacobian = await rog.bounds.updateJacobian(model, update.client, batch.labels);
const labels = data.labels('train', Array.from({ length: 60 }, (_, k) => k));
const gallery = data.images('test', Array.from({ length: 20 }, (_, k) => k));
const defended = rog.nets.precode(model, { units: 8 });
const clients = rog.federation.partition(labels, { clients: 10 });
const array = (shape: number[], ...values: number[]) => rog.ndarray(shape, Float32Array.from(values));
const count = Array.from({ length: 100 }, (_, k) => k / 100);
const [x, y, w] = [array([100, 2], ...count, ...count), array([100, 1], ...count), array([2, 2], 1, 0, 0, 1)];
const pick = ({ shape: [, n], data }: rog.NdArray, indices: readonly number[]) =>
  array([indices.length, n], ...indices.flatMap((at) => [...data.slice(at * n, (at + 1) * n)]));
const args = ['--only', '00'];
const work = async (k: number) => k;
await rog.nets.saveWeights('before.safetensors', rog.nets.lenet5({ classes: 10 }));
await rog.nets.saveWeights('after.safetensors', rog.nets.lenet5({ classes: 10, seed: 2 }));
await rog.nets.saveWeights('head.safetensors', { ...model, parameters: after.parameters.slice(-2) });
await rog.nets.saveWeights('gradients.safetensors', { ...model, parameters: update.tensors });
await rog.nets.saveWeights('round-3.safetensors', rog.nets.resnet18({ classes: 10 }));
`;

/** The names that it gives. */
const nouns = [...MADE.matchAll(/^const (\w+|\[[^\]]*\]|\{[^}]*\}) =/gm)].flatMap(([, names]) => names!.match(/\w+/g)!);

export const NOUNS = `${MADE}const nouns = { ${nouns.join(', ')} };`;

/** Gives the names back their meaning, after an example that used some for its own. */
export const RESTORED = `const { ${nouns.join(', ')} } = nouns;`;

export const speaksOf = (code: string): readonly string[] =>
  nouns.filter((noun) => new RegExp(`(?<![\\w.])${noun}\\b(?!: )`).test(code.replace(/\/\/.*|'[^'\n]*'/g, '')));

export interface Example {
  /** From src. */
  readonly file: string;
  /** What the comment is about; empty for a file's own. */
  readonly name: string;
  readonly code: string;
}

const COMMENT =
  /\/\*\*((?:(?!\*\/).)*?@example.*?)\*\/\n?(?:export )?(?:async )?(?:(?:const|function|type|interface) (\w+))?/gs;
const EXAMPLE = /^@example\s*(.*?)(?=^@[a-z]|$(?![\s\S]))/gms;

export const examples = (): Example[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .flatMap((file) =>
      [...readFileSync(join(root, 'src', file), 'utf8').matchAll(COMMENT)].flatMap(([, comment, name = '']) =>
        [...unstarred(comment!).matchAll(EXAMPLE)].map(([, code]) => ({ file, name, code: code!.trim() })),
      ),
    );

/** The text of a comment without the stars before its lines. */
const unstarred = (comment: string): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*(?:\* ?)?/, (before) => ' '.repeat(Math.max(0, before.length - 3))))
    .map((line) => (line.trimStart().startsWith('@') ? line.trimStart() : line))
    .join('\n');
