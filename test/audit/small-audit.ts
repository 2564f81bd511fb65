/** A small audit, and whether its result fits the schema. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditConfig, type AuditResult, verdictOf } from '../../src/audit/index.js';
import { asJson } from '../../src/cli/audit.js';
import { root } from '../fixtures.js';

export const config: AuditConfig = {
  network: { layers: [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 10 }] },
  data: 'scenes',
  size: 16,
  batch: 2,
  phi: ['none', 'sign'],
  labels: ['known', 'infer'],
  iterations: 12,
  remedies: false,
  threshold: { metric: 'psnr', value: 60 },
};

/** A real result against data/audit-result.schema.json. */
export function resultFits(found: AuditResult) {
  const json = JSON.parse(JSON.stringify(asJson(found, verdictOf(found), '1')));
  const schema = JSON.parse(readFileSync(join(root, 'data/audit-result.schema.json'), 'utf8'));
  fits(json, schema, schema, 'result');
  return { json, schema };
}

// biome-ignore lint/suspicious/noExplicitAny: any schema
export function fits(value: any, schema: any, whole: any, where: string): void {
  const own = schema.$ref ? whole.$defs[schema.$ref.split('/').at(-1)] : schema;
  const { type, required = [], properties = {}, items, enum: words } = own;
  if (words) assert.ok(words.includes(value), where);
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const kinds = [type].flat();
  if (type)
    assert.ok(kinds.includes(kind) || (kinds.includes('integer') && Number.isInteger(value)), `${where}: ${kind}`);
  for (const key of required) assert.ok(key in value, `${where}.${key} is missing`);
  for (const [key, one] of Object.entries(properties))
    if (key in value) fits(value[key], one, whole, `${where}.${key}`);
  if (items) value.forEach((one: unknown, i: number) => void fits(one, items, whole, `${where}.${i}`));
}
