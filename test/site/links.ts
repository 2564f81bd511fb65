/** The links of a folder of pages: where they lead, and whether something is there. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Every page under a folder, by its path from there. */
export const pagesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html'))
    .sort();

/** The addresses and the anchors of a page. */
const attributes = (html: string, names: string): string[] =>
  [...html.matchAll(new RegExp(`<[a-z][^>]*?\\s(?:${names})="([^"]*)"`, 'g'))].map(([, value]) => plain(value!));

const plain = (value: string): string =>
  value.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

/** One line for every link, picture, style or script of the pages that leads nowhere. Other hosts are not asked. */
export function brokenLinks(folder: string): string[] {
  const anchors = new Map<string, Set<string>>();
  const has = (file: string, anchor: string): boolean => {
    const found = anchors.get(file) ?? new Set(attributes(readFileSync(file, 'utf8'), 'id|name'));
    anchors.set(file, found);
    return found.has(anchor);
  };
  return pagesOf(folder).flatMap((page) => {
    const from = join(folder, page);
    const wrong = (address: string): boolean => {
      if (/^(?:https?:|data:|mailto:)/.test(address)) return false;
      const [path = '', anchor = ''] = address.split('#');
      const file = path ? join(dirname(from), decodeURIComponent(path)) : from;
      if (relative(folder, file).startsWith('..') || !existsSync(file) || !statSync(file).isFile()) return true;
      return anchor !== '' && file.endsWith('.html') && !has(file, decodeURIComponent(anchor));
    };
    return [...new Set(attributes(readFileSync(from, 'utf8'), 'href|src'))]
      .filter(wrong)
      .map((address) => `${page}: ${address} leads nowhere`);
  });
}
