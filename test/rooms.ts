/**
 * The rooms of src and which imports which, as a picture. `npm run rooms` writes it; a test holds it to the imports.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './fixtures.js';

export const PICTURE = join(root, '.github', 'rooms.svg');
const [WIDTH, HEIGHT, ROW] = [104, 30, 78];

const roomOf = (file: string): string => file.split('/')[0]!.replace(/\.ts$/, '');

/** room -> the rooms that it imports. */
export function rooms(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const entry of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).sort()) {
    if (!entry.endsWith('.ts')) continue;
    const file = entry.replaceAll('\\', '/');
    const from = roomOf(file);
    const uses = found.get(from) ?? found.set(from, new Set()).get(from)!;
    for (const [, target] of readFileSync(join(root, 'src', entry), 'utf8').matchAll(
      /(?:from|import)\s*\(?\s*'(\.[^']+)'/g,
    )) {
      const to = roomOf(posix.join(posix.dirname(file), target!.replace(/\.js$/, '.ts')));
      if (to !== from) uses.add(to);
    }
  }
  return found;
}

/** Each room one row above the highest that it imports; a line for an import that no other import already implies. */
export function picture(uses: ReadonlyMap<string, ReadonlySet<string>>): string {
  const row = (room: string): number => Math.max(-1, ...[...(uses.get(room) ?? [])].map(row)) + 1;
  const reaches = (from: string, to: string): boolean =>
    [...(uses.get(from) ?? [])].some((next) => next === to || reaches(next, to));
  const names = [...uses.keys()].sort();
  const rows = Array.from({ length: Math.max(...names.map(row)) + 1 }, (_, r) =>
    names.filter((name) => row(name) === r),
  );
  const wide = Math.max(...rows.map((all) => all.length)) * (WIDTH + 28);
  const tall = rows.length * ROW;
  const at = (room: string): [number, number] => {
    const all = rows[row(room)]!;
    return [(wide * (all.indexOf(room) + 0.5)) / all.length, tall - row(room) * ROW - ROW / 2];
  };
  const lines = names.flatMap((from) =>
    [...uses.get(from)!]
      .filter((to) => ![...uses.get(from)!].some((other) => other !== to && reaches(other, to)))
      .sort()
      .map((to) => {
        const [[x0, y0], [x1, y1]] = [at(from), at(to)];
        return `<path d="M${x0.toFixed(0)} ${y0 + HEIGHT / 2}L${x1.toFixed(0)} ${y1 - HEIGHT / 2}" stroke="#8a94a0"/>`;
      }),
  );
  const boxes = names.map((name) => {
    const [x, y] = at(name);
    return (
      `<rect x="${(x - WIDTH / 2).toFixed(0)}" y="${y - HEIGHT / 2}" width="${WIDTH}" height="${HEIGHT}" rx="5" ` +
      `fill="#eef3f8" stroke="#3b5b7a"/><text x="${x.toFixed(0)}" y="${y + 5}">${name}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${tall}" font-family="sans-serif" font-size="14" ` +
      'text-anchor="middle">',
    `<rect width="${wide}" height="${tall}" fill="#fff"/>`,
    ...lines,
    ...boxes,
    '</svg>\n',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(PICTURE, picture(rooms()));
