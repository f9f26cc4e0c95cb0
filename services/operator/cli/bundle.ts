#!/usr/bin/env node
import { chmod, readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { readCheckoutTexts } from './bundled.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUTPUT = fileURLToPath(new URL('../../../dist/holdfast.mjs', import.meta.url));

/** CommonJS packages inside an ES module still ask for `require`, and some for their own place. */
const BANNER = [
  "import { createRequire as holdfastCreateRequire } from 'node:module';",
  "import { fileURLToPath as holdfastFileUrlToPath } from 'node:url';",
  'const require = holdfastCreateRequire(import.meta.url);',
  'const __filename = holdfastFileUrlToPath(import.meta.url);',
  "const __dirname = holdfastFileUrlToPath(new URL('.', import.meta.url));",
].join('\n');

/**
 * The command and all it needs as one file that runs where no node_modules is. The entry's own first line stays first,
 * before the banner. Without blanks each service takes 10 MiB less; names stay, so that stack traces can be read. Node
 * 22.15 is the first with the zstd that the repository format needs.
 */
export async function bundle(
  outfile: string = OUTPUT,
  entry: string = `${HERE}main.ts`,
): Promise<{ file: string; bytes: number; inputs: number }> {
  const texts = await readCheckoutTexts();
  const options: BuildOptions & { metafile: true } = {
    entryPoints: [entry],
    outfile,
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    platform: 'node',
    format: 'esm',
    target: 'node22.15',
    external: ['pg-native', 'pino-pretty'],
    define: {
      HOLDFAST_BUNDLED: JSON.stringify(texts),
      HOLDFAST_CHUNK_WORKER: JSON.stringify(await bundledWorker()),
      HOLDFAST_SANDBOX_SCRIPTS: JSON.stringify(await readScripts()),
    },
    banner: { js: BANNER },
    legalComments: 'eof',
    logLevel: 'warning',
    metafile: true,
  };
  const { metafile } = await build(options);
  await chmod(outfile, 0o755);
  return { file: outfile, ...sizeOf(metafile) };
}

/** The program of the threads that seal chunks. */
async function bundledWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../../libs/repository/chunk-worker.ts', import.meta.url))],
    bundle: true,
    minifyWhitespace: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22.15',
    write: false,
  });
  return outputFiles[0]!.text;
}

/** What drills run inside their sandbox. */
async function readScripts(): Promise<Readonly<Record<string, string>>> {
  const folder = new URL('../../verifier/adapters/sandbox/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.py'));
  const texts = names.map(async (name) => [name, await readFile(new URL(name, folder), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

function sizeOf({ inputs, outputs }: Metafile): { bytes: number; inputs: number } {
  const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
  return { bytes, inputs: Object.keys(inputs).length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = await bundle();
  process.stdout.write(`${made.file}: ${Math.round(made.bytes / 1024)} KiB of ${made.inputs} modules\n`);
}
