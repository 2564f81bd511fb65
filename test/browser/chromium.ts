import { spawnSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

export const chromiumPath = (
  process.env.CHROMIUM ? [process.env.CHROMIUM] : ['chromium', 'chromium-browser', 'google-chrome']
)
  .map((name) => spawnSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).stdout?.trim())
  .find(Boolean);

export const noChromium: string | false = chromiumPath
  ? false
  : 'no Chromium: apt install chromium, or CHROMIUM=/path/to/it';

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath!,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  });
