/** JupyterLab, Notebook 7 and the classic Notebook, as a hand and an eye use them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame, Locator, Page, Stage } from './harness.js';
import { shoot } from './harness.js';

/** One notebook open in one front end. */
export interface Desk {
  readonly page: Page;
  /** All code cells' outputs, in order. */
  readonly outputs: Locator;
  readonly runAll: () => Promise<void>;
  /** Puts the cursor into code cell k (from 0) and runs it. */
  readonly run: (k: number) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Updates of displays that have come to the page so far. */
  readonly updates: () => number;
  /** Saves; resolves when the server has the file. */
  readonly save: () => Promise<void>;
  /** Resolves when code cell k has ended as execution `count`. */
  readonly ended: (k: number, count: number, seconds?: number) => Promise<void>;
}

interface Kind {
  readonly path: string;
  readonly shown: string;
  readonly idle: string;
  readonly code: string;
  readonly editor: string;
  readonly outputs: string;
  readonly prompt: string;
  readonly runAll: readonly string[];
  readonly stop: string;
}

const jupyterLab: Kind = {
  path: 'lab/tree',
  shown: '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook',
  idle: '.jp-Notebook-ExecutionIndicator[data-status="idle"]',
  code: '.jp-CodeCell',
  editor: '.cm-content',
  outputs: '.jp-Cell-outputArea',
  prompt: '.jp-InputPrompt',
  runAll: ['.lm-MenuBar-itemLabel:text-is("Run")', '.lm-Menu-itemLabel:text-is("Run All Cells")'],
  stop: '[data-jp-item-name="interrupt"] >> visible=true',
};

export const KINDS = {
  JupyterLab: jupyterLab,
  'Notebook 7': { ...jupyterLab, path: 'notebooks' },
  'classic Notebook': {
    path: 'nbclassic/notebooks',
    shown: '#notebook .cell',
    idle: '.kernel_idle_icon',
    code: '.code_cell',
    editor: '.CodeMirror-lines',
    outputs: '.output_wrapper',
    prompt: '.input_prompt',
    runAll: ['#celllink', '#run_all_cells'],
    stop: '[data-jupyter-action="jupyter-notebook:interrupt-kernel"]',
  },
} satisfies Record<string, Kind>;

/** Opens a notebook and waits for its kernel. */
export async function open(
  { page: newPage, server }: Stage,
  name: keyof typeof KINDS,
  file: string,
  folder: string,
): Promise<Desk> {
  const kind: Kind = KINDS[name];
  const page = await newPage();
  let updates = 0;
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      if (String(payload).includes('"update_display_data"')) updates++;
    }),
  );
  await page.goto(`${server.address}${kind.path}/${folder}/${file}?reset&token=${server.token}`);
  await page.locator(kind.shown).first().waitFor();
  await connected(server, file);
  await page.locator(kind.idle).first().waitFor({ state: 'attached' });
  const code = page.locator(kind.code);
  const run = async (k: number): Promise<void> => {
    await code.nth(k).locator(kind.editor).first().click();
    await page.keyboard.press('Shift+Enter');
  };
  const save = async (): Promise<void> => {
    const sent = page.waitForResponse((r) => r.url().includes('/api/contents/') && r.request().method() === 'PUT');
    await page.keyboard.press('Control+s');
    await sent;
  };
  return {
    page,
    outputs: code.locator(kind.outputs),
    run,
    save,
    updates: () => updates,
    runAll: async () => {
      for (const step of kind.runAll) await page.locator(step).first().click();
    },
    stop: () => page.locator(kind.stop).first().click(),
    ended: async (k, count, seconds = 180) => {
      const prompt = code.nth(k).locator(kind.prompt).first();
      await prompt
        .filter({ hasText: new RegExp(`\\[${count}\\]`) })
        .waitFor({ state: 'attached', timeout: seconds * 1000 })
        .catch(async (error: Error) => {
          await shoot(page, 'failed');
          throw error;
        });
    },
  };
}

/** Waits until a page is connected to the notebook's idle kernel: what is run before goes nowhere. */
async function connected({ address, token }: Stage['server'], file: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const answer = await fetch(`${address}api/sessions?token=${token}`);
    const sessions = (await answer.json()) as {
      path: string;
      kernel: { execution_state: string; connections: number };
    }[];
    const kernel = sessions.find(({ path }) => path.endsWith(file))?.kernel;
    if (kernel?.execution_state === 'idle' && kernel.connections > 0) return sleep(500);
    await sleep(200);
  }
  throw new Error(`no kernel came for ${file}`);
}

/** Collects the counts of closures that a live view in the page shows, while it changes. */
export async function watchProgress(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(`window.seen = []; setInterval(() => {
    const found = /(\\d+)\\/\\d+ closures/.exec(document.body.textContent);
    if (found && window.seen.at(-1) !== Number(found[1])) window.seen.push(Number(found[1]));
  }, 20)`);
  return () => page.evaluate<number[]>('window.seen');
}

/** What a reader sees of figures. */
export interface Sight {
  /** Pictures that are drawn, each with the number of its colours. */
  readonly pictures: readonly { readonly width: number; readonly colours: number }[];
  /** Pictures that are not. */
  readonly broken: readonly string[];
  /** Live charts and the traces drawn in them. */
  readonly charts: number;
  readonly traces: number;
}

/** Looks at every figure of the page. */
export const look = (page: Page | Frame): Promise<Sight> =>
  page.evaluate<Sight>(`(() => {
    const all = (what) => [...document.querySelectorAll(what)];
    const images = all('img').filter((e) => e.src.startsWith('data:') && !e.closest('#header'));
    const drawn = images.filter((e) => e.complete && e.naturalWidth > 0 && e.getBoundingClientRect().width > 20);
    const colours = (image) => {
      const context = Object.assign(document.createElement('canvas'), { width: 200, height: 200 }).getContext('2d');
      context.drawImage(image, 0, 0, 200, 200);
      return new Set(new Uint32Array(context.getImageData(0, 0, 200, 200).data.buffer)).size;
    };
    return {
      pictures: drawn.map((image) => ({ width: image.naturalWidth, colours: colours(image) })),
      broken: images.filter((e) => !drawn.includes(e)).map((e) => e.outerHTML.slice(0, 200)),
      charts: all('.js-plotly-plot').length,
      traces: all('.js-plotly-plot svg .trace path').length,
    };
  })()`);

/** The least contrast (WCAG, 1 to 21) of the words in figures and tables against what lies behind them. */
export const contrast = (page: Page): Promise<number> =>
  page.evaluate<number>(`(() => {
    const read = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
    const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = (rgb) => rgb.slice(0, 3).map((v) => linear(v / 255))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (e) => {
      for (; e; e = e.parentElement) {
        const colour = read(getComputedStyle(e).backgroundColor);
        if (colour.length === 3 || colour[3] > 0.5) return colour;
      }
      return [255, 255, 255];
    };
    const words = ['td', 'th', 'b', 'span[style]']
      .flatMap((kind) => [...document.querySelectorAll('.jp-OutputArea-output ' + kind)]);
    const ratios = words.filter((e) => e.textContent.trim() && !e.closest('svg')).map((e) => {
      const [ground, ink] = [behind(e), read(getComputedStyle(e).color)];
      const share = Number(getComputedStyle(e).opacity) * (ink[3] ?? 1);
      const mixed = ink.slice(0, 3).map((v, i) => share * v + (1 - share) * ground[i]);
      const [a, b] = [light(mixed), light(ground)].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    });
    return Math.min(...ratios);
  })()`);
