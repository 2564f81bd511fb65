import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { PICTURE, picture, rooms } from './rooms.js';

test('the picture of the rooms is that of the imports; npm run rooms draws it anew', () => {
  assert.equal(readFileSync(PICTURE, 'utf8'), picture(rooms()));
});
