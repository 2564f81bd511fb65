import type { Profile } from '../report/index.js';

const SENTENCE = /Running time on two idle cores: quick about ([^,(]+?)(?: \([^)]*\))?, paper about ([^.(]+)/;

/** What a notebook says of its running time, e.g. `half a minute`; undefined where it says nothing. */
export function runningTime(markdown: string, profile: Profile): string | undefined {
  const found = SENTENCE.exec(markdown.replace(/\s+/g, ' '));
  return found?.[profile === 'quick' ? 1 : 2]?.trim();
}

/** One line before a run: `profile paper, on two idle cores: 01-why about 8 minutes, ...`; empty where none says it. */
export function runningTimes(notebooks: readonly { name: string; markdown: string }[], profile: Profile): string {
  const known = notebooks.flatMap(({ name, markdown }) => {
    const time = runningTime(markdown, profile);
    return time ? [`${name} about ${time}`] : [];
  });
  return known.length ? `profile ${profile}, on two idle cores: ${known.join(', ')}` : '';
}
