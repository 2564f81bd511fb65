import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import test from 'node:test';
import type { Node, NonNullExpression } from 'typescript/unstable/ast';
import { isNonNullExpression } from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';
import { root } from './fixtures.js';

/** Every `value!` below a node. */
const assertions = (node: Node): NonNullExpression[] => {
  const found = isNonNullExpression(node) ? [node] : [];
  node.forEachChild((child) => {
    found.push(...assertions(child));
  });
  return found;
};

test('an exclamation mark takes undefined or null away; none stands where neither can be', () => {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProject: join(root, 'tsconfig.json') }).getProjects();
    const { program, checker } = project!;
    const inert: string[] = [];
    let all = 0;
    for (const name of program.getSourceFileNames()) {
      const path = relative(root, name);
      if (!/^(src|test)[\\/]/.test(path)) continue;
      const file = program.getSourceFile(name)!;
      const marks = assertions(file);
      all += marks.length;
      const types = checker.getTypeAtLocation(marks.map((mark) => mark.expression));
      for (const [i, type] of types.entries())
        if (checker.getNonNullableType(type!)?.id === type!.id)
          inert.push(`${path}: ${marks[i]!.expression.getText(file)}!`);
    }
    assert.ok(all > 1000, `only ${all} marks were seen`);
    assert.deepEqual(inert, []);
  } finally {
    api.close();
  }
});
