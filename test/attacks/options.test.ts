import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ATTACKS, type AttackName, attackBy, OPTIONS } from '../../src/registry/index.js';
import { root } from '../fixtures.js';
import { checkable } from './checkable.js';

const attacks = Object.keys(ATTACKS) as AttackName[];

/** Of each option a value of a wrong kind, and what is said of it. */
for (const name of attacks)
  test(`${name}: every option of the wrong kind is refused by its name`, async () => {
    const observation = await checkable(name);
    for (const option of Object.keys(OPTIONS[name]))
      await assert.rejects(
        async () => attackBy(name)(observation, { [option]: Symbol.iterator } as object),
        { message: new RegExp(`^[\\w ()]+: ${option} must be `) },
        option,
      );
    await assert.rejects(async () => attackBy(name)(observation, { seeed: 1 } as object), /did you mean "seeds?"\?/);
  });

/** name -> the comments of the options of that name in the library's interfaces. */
function comments(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const folder = join(root, 'src/attacks');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts')))
    for (const [, comment, name] of readFileSync(join(folder, file), 'utf8').matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+readonly (\w+)\??: /g,
    ))
      found.set(name!, [...(found.get(name!) ?? []), comment!.replace(/\s+\*?\s*/g, ' ')]);
  return found;
}

test('the defaults of the tables are those that the comments tell a reader', () => {
  const told = comments();
  for (const name of attacks)
    for (const [option, { initial }] of Object.entries(OPTIONS[name])) {
      if (initial === undefined) continue;
      const words =
        typeof initial === 'number' ? [String(initial), initial.toExponential().replace('+', '')] : [`${initial}`];
      const all = told.get(option) ?? [];
      const says = (comment: string): boolean =>
        words.some((word) => {
          const exact = word.replace('.', '\\.');
          return new RegExp(`[Dd]efault[^.;]*?[\` ]${exact}(?![\\d.]\\d|\\w)|\`${exact}\` \\(default\\)`).test(comment);
        });
      assert.ok(all.some(says), `${name}: ${option} is ${initial}, but: ${all.join(' | ')}`);
    }
});
