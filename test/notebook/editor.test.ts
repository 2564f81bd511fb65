import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as rog from '../../src/index.js';
import { type Kernel, startKernel } from '../../src/notebook/kernel.js';
import { root } from '../fixtures.js';

/** What an editor asks the kernel while one types, and what a cell says to a mistake. */
let kernel: Kernel;
before(async () => {
  kernel = await startKernel({ cwd: root });
  assert.equal(await kernel.execute("import * as rog from 'roglab';", () => {}, 60), 'ok');
});
after(() => kernel?.stop());

const complete = async (code: string): Promise<string[]> =>
  (await kernel.ask('complete_request', { code, cursor_pos: code.length })).matches as string[];

interface Tooltip {
  readonly signature: string;
  readonly comment: string;
}

/** The tooltip at the end of each line. All lines are one cell, which the kernel reads once. */
async function inspect(lines: readonly string[]): Promise<Tooltip[]> {
  const code = lines.join('\n');
  const tooltips: Tooltip[] = [];
  let end = -1;
  for (const line of lines) {
    end += line.length + 1;
    const { data } = await kernel.ask('inspect_request', { code, cursor_pos: end, detail_level: 0 });
    const text = (data as Record<string, string>)['text/plain'] ?? '';
    const [signature = '', comment = ''] = text.split(/\n(?:export \S+\n)?\n/, 2);
    tooltips.push({ signature, comment });
  }
  return tooltips;
}

async function mistake(code: string): Promise<string> {
  let said = '';
  const hear = ({ type, content }: { type: string; content: Record<string, unknown> }): void => {
    if (type === 'stream') said += content.text;
  };
  // tslab refuses, without a word, what comes within 200 ms of a failed cell by its own, perhaps late, clock
  while (said === '') {
    assert.equal(await kernel.execute(code, hear, 30), 'error');
    if (said === '') await new Promise((done) => setTimeout(done, 100));
  }
  return said;
}

/** A namespace and a table have no short signature. */
const LONG = ['tf', 'ATTACKS'];
/** Names by subject; each of their members is an export with a comment of its own. */
const GROUPS = Object.fromEntries(
  Object.entries(rog).filter(
    ([name, value]) => name !== 'tf' && Object.prototype.toString.call(value) === '[object Module]',
  ),
) as unknown as Record<string, Record<string, unknown>>;

test('every export of the library completes, with a signature and a comment', async () => {
  const names = await complete('rog.');
  assert.deepEqual([...names].sort(), Object.keys(rog).sort());
  for (const [i, { signature, comment }] of (await inspect(names.map((name) => `rog.${name}`))).entries()) {
    const name = names[i]!;
    if (!LONG.includes(name) && !(name in GROUPS))
      assert.ok(signature.length > 10 && signature.length < 300, `${name}: ${signature}`);
    assert.ok(!/: any$/.test(signature), `${name} has no type: ${signature}`);
    if (name !== 'tf' && !(name in GROUPS)) assert.ok(comment.length > 10, `${name} has no comment`);
  }
});

test('every exported type completes, with a comment', async () => {
  const names = (await complete('let x: rog.')).filter((name) => name !== 'tf' && !(name in GROUPS));
  assert.ok(names.length > 35 && names.includes('Observation'), names.join());
  const tooltips = await inspect(names.map((name, i) => `let x${i}: rog.${name}`));
  for (const [i, { comment }] of tooltips.entries()) assert.ok(comment.length > 10, `${names[i]} has no comment`);
});

test('a tooltip names what its lines are, and keeps links within their sentence', async () => {
  const [grid, options] = await inspect(['rog.imageGrid', 'let x: rog.StartOptions']);
  assert.match(grid!.comment, /\n@param rows .*\n@throws values outside .*\n@example rog\.imageGrid\(/);
  assert.equal(options!.comment, 'Options of start.');
});

test('groups: each completes to its members, the same as at the root; after rog.phi. obfuscations only', async () => {
  const flow: Record<string, unknown> = { ...rog };
  for (const [group, members] of Object.entries(GROUPS)) {
    const names = await complete(`rog.${group}.`);
    assert.deepEqual(names.sort(), Object.keys(members).sort(), group);
    for (const name of names) if (name in flow) assert.equal(members[name], flow[name], `${group}.${name}`);
  }
  const phis = await complete('rog.observe(model, update, { obfuscation: rog.phi.');
  assert.deepEqual(phis.sort(), Object.keys(rog.phi).sort());
});

test('options and tensorflow.js complete', async () => {
  assert.deepEqual(await complete('rog.uniformQuantizer({ '), ['bits', 'norm', 'scope']);
  assert.ok((await complete('rog.tf.')).length > 300);
});

test("a user's mistake is one line that names the fix; ROGLAB_DEBUG shows where it came from", async () => {
  const said = 'RoglabError: uniformQuantizer: bits must be an integer from 2 to 16, got 1; for one bit use sign()\n';
  assert.equal(await mistake('rog.uniformQuantizer({ bits: 1 })'), said);
  assert.match(
    await mistake("await rog.openDataset('cifar')"),
    /^RoglabError: openDataset: .*did you mean "cifar10"\?\n$/,
  );
  const typo = await mistake('rog.unifromQuantizer({ bits: 3 })');
  assert.match(typo, /^1:5 - Property 'unifromQuantizer' does not exist .* Did you mean 'uniformQuantizer'\?\n$/);
  const own = await mistake('const f = () => { throw new TypeError("mine"); };\nf();');
  assert.match(own, /TypeError: mine\n {4}at .*evalmachine/);
  assert.ok(!/node:|tslab|cells\.js/.test(own), own);
  const debug = await mistake("process.env.ROGLAB_DEBUG = '1'; rog.uniformQuantizer({ bits: 1 })");
  assert.match(debug, /got 1; for one bit use sign\(\)\n {4}at .*uniform-quantizer\.js/s);
});
