/** `node verify.js ENGINE`: exit code 0 when the engine's gradient is the processor's, else one line of why. */
import { type AddedEngine, backendDisagreement, start, tooFar } from '../../engine/index.js';

const engine = process.argv[2] as AddedEngine;
try {
  const provider = engine === 'cuda' || engine === 'webgpu';
  await start(provider ? { provider: engine } : { backend: engine });
  const why = tooFar(provider ? 0 : ((await backendDisagreement()) ?? 0));
  if (why) throw new Error(why);
} catch (error) {
  const { message } = error as Error;
  process.stderr.write(
    `${message.replace(/^start: the (backend|provider) [\w-]+ does not \w+( here)?: /, '').split('; available')[0]}\n`,
  );
  process.exitCode = 1;
}
