interface Part {
  readonly text: string;
}

/** TypeScript's answer to "what is this". */
interface Info {
  readonly documentation?: readonly Part[];
  readonly tags?: readonly { readonly name: string; readonly text?: readonly Part[] }[];
}

/** tslab's module that writes tooltips. */
export interface Inspect {
  printQuickInfo: (info: Info) => string;
}

/** Gives tooltips what tslab leaves out: `@throws`, then `@example`, before the rest; links in their sentence. */
export function labelTags(inspect: Inspect): void {
  const { printQuickInfo } = inspect;
  inspect.printQuickInfo = (info) =>
    printQuickInfo({
      ...info,
      documentation: info.documentation?.length ? [{ text: joined(info.documentation) }] : [],
      // tslab writes the name of @param alone
      tags: info.tags?.map((tag) => ({
        ...tag,
        text: tag.text && [{ text: `${tag.name === 'param' ? '' : `@${tag.name} `}${joined(tag.text)}` }],
      })),
    });
}

/** `{@link rog}` comes in parts. */
const joined = (parts: readonly Part[]): string =>
  parts
    .map(({ text }) => text)
    .join('')
    .replace(/\{@link\s([^{}]*)\}/g, (_, name: string) => name.trim());
