/** A real browser before a real Jupyter: Debian's Chromium (CHROMIUM, or the PATH) and the environment of `npm run lab`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Environment, findPython, prepare } from '../../src/cli/lab/environment.js';
import { type Server, startServer } from '../../src/cli/lab/server.js';
import { root } from '../fixtures.js';

/** Screenshots for a person to look at; notebooks being worked on lie in `work`. Neither is committed. */
export const results = join(root, 'results/browser');
export const work = join(results, 'work');
/** The same folder as Jupyter names it. */
export const workPath = 'results/browser/work';

const findChromium = (): string | undefined =>
  (process.env.CHROMIUM ? [process.env.CHROMIUM] : ['chromium', 'chromium-browser', 'google-chrome']).find(
    (name) => spawnSync(name, ['--version'], { timeout: 30_000 }).status === 0,
  );

function whyNot(): string | false {
  if (!findChromium()) return 'no Chromium: apt install chromium, or CHROMIUM=/path/to/it';
  try {
    findPython();
  } catch (error) {
    return String((error as Error).message).split('\n')[0]!;
  }
  return false;
}

/** Why the browser tests cannot run here; false where they can. */
export const skip = whyNot();

export interface Stage {
  readonly environment: Environment;
  readonly server: Server;
  readonly browser: Browser;
  /** A page with its own cookies and storage. */
  readonly page: (dark?: boolean) => Promise<Page>;
  readonly end: () => Promise<void>;
}

/** Everything up and running, with an empty `work`. */
export async function openStage(): Promise<Stage> {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const environment = await prepare(root, (line) => console.log(line));
  const server = await startServer(environment, {
    root,
    port: 8930,
    env: { ROGLAB_PROFILE: 'quick', ROGLAB_DATA: 'scenes' },
  });
  const browser = await chromium.launch({
    executablePath: spawnSync('which', [findChromium()!], { encoding: 'utf8' }).stdout.trim(),
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  });
  return {
    environment,
    server,
    browser,
    page: async (dark = false) => {
      const context = await browser.newContext({
        viewport: { width: 1200, height: 900 },
        colorScheme: dark ? 'dark' : 'light',
      });
      context.setDefaultTimeout(60_000);
      return context.newPage();
    },
    end: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

/** A screenshot into results/browser. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(results, `${name}.png`) });
}

export const exists = existsSync;
