/**
 * A real browser before a real Jupyter: Debian's Chromium (CHROMIUM, or the PATH) and the environment of `npm run lab`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Environment, findPython, prepare } from '../../src/cli/lab/environment.js';
import { type Server, startServer } from '../../src/cli/lab/lab-server.js';
import { root } from '../fixtures.js';
import { launch, noChromium } from './chromium.js';

export type { Frame, Locator, Page } from 'playwright-core';

/** Screenshots for a person to look at, not committed; beside them folders of the notebooks being worked on. */
export const results = join(root, 'results/browser');

async function whyNot(): Promise<string | false> {
  if (noChromium) return noChromium;
  try {
    findPython();
    await prepare(root, (line) => console.log(line));
    return false;
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    if (/no Python|only Python|virtual environment|pip could not/.test(line!)) return line!;
    throw error;
  }
}

/** Why the browser tests cannot run here; false where they can. */
export const skip = await whyNot();

export interface Stage {
  readonly environment: Environment;
  readonly server: Server;
  /** A page with cookies and storage of its own; it keeps what it complained of. */
  readonly page: () => Promise<Page>;
  readonly end: () => Promise<void>;
}

/** Empties a folder of the project. */
export function clear(folder: string): void {
  rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, folder), { recursive: true });
}

/** Everything up and running on a project. */
export async function openStage(project = root, port = 8930): Promise<Stage> {
  const environment = await prepare(root, (line) => console.log(line));
  const env = { ROGLAB_PROFILE: 'quick', ROGLAB_DATA: 'scenes' };
  const server = await startServer(environment, { root: project, port, env });
  const browser = await launch();
  const page = async (): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1240, height: 900 } });
    context.setDefaultTimeout(60_000);
    return context.newPage();
  };
  const end = async (): Promise<void> => {
    await browser.close();
    await server.stop();
  };
  return { environment, server, page, end };
}

/** A screenshot into results/browser. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(results, `${name}.png`) });
}

/** A screenshot of a page as tall as `height`, for what lies below the fold. */
export async function shootTall(page: Page, name: string, height: number): Promise<void> {
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: size.width, height });
  await page.waitForTimeout(1500);
  await shoot(page, name);
  await page.setViewportSize(size);
}
