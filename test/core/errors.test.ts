import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest, parsedJson, plainError, problem, revivedError } from '../../src/core/errors.js';

test('plainError, revivedError: an error keeps its type, message and code through structuredClone', () => {
  const coded = Object.assign(problem('here', 'rule', 1, 'fix'), { code: 'HELD' });
  for (const error of [coded, new TypeError('t'), new RangeError('r'), new Error('e')]) {
    const back = revivedError(structuredClone(plainError(error)));
    assert.deepEqual([back.name, back.message, back.stack], [error.name, error.message, error.stack]);
    assert.equal((back as { code?: string }).code, (error as { code?: string }).code);
    assert.equal(Object.getPrototypeOf(back), Object.getPrototypeOf(error));
  }
  assert.match(revivedError(plainError('a text')).message, /a text/);
});

test('parsedJson: objects and lists; anything else is refused in one line', () => {
  assert.deepEqual(parsedJson('here', '{"a":[1]}'), { a: [1] });
  for (const text of ['', '{"a":', 'null', '7', '"text"'])
    assert.throws(
      () => parsedJson('here', text),
      /^RoglabError: here: must hold JSON, got ".*"; it is damaged: delete it/,
    );
});

test('problem: a name of megabytes is cut, in every part of the message', () => {
  const name = 'x'.repeat(3_000_000);
  for (const { message } of [problem(name, 'rule'), problem('here', `no ${name}`), problem('here', 'rule', 1, name)])
    assert.ok(message.length < 500 && message.includes(' ... '), `${message.length}`);
  assert.ok(problem('here', 'a name of words '.repeat(100_000)).message.length < 9000);
  assert.equal(problem('here', `must be ${'y'.repeat(500)}`).message, `here: must be ${'y'.repeat(500)}`);
});

test('nearest: slips, and names that the word begins; nothing where nothing is near', () => {
  const settings = ['none', 'uniform3', 'qsgd3', 'topk95', 'noise-10', 'sign'];
  const found = ['noise', 'uniform', 'non', 'nnone', 'sgin', 'topk', 'zebra crossing'].map((word) =>
    nearest(word, settings),
  );
  assert.deepEqual(found, ['noise-10', 'uniform3', 'none', 'none', 'sign', 'topk95', undefined]);
});
