import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Question } from './found.ts';

export async function findPython(root: string): Promise<string | undefined> {
  for (const folder of ['.venv', 'venv', 'env', '../.venv', '../venv']) {
    const python = join(root, folder, 'bin', 'python');
    if (await isExecutable(python)) return python;
  }
  return undefined;
}

/** Program → what in variables or settings says that it is used. */
const PROGRAMS: readonly (readonly [program: string, sign: RegExp])[] = [
  ['redis-server', /\bredis(s)?:\/\//],
  ['soffice', /\b(libreoffice|soffice)\b/i],
  ['tesseract', /\btesseract\b/i],
  ['wkhtmltopdf', /\bwkhtmltopdf\b/i],
  ['clamscan', /\bclam(av|scan|d)\b/i],
];

export async function findPrograms(
  env: ReadonlyMap<string, string>,
  source: string,
  searchPath: string,
): Promise<{ programs: readonly string[]; questions: readonly Question[] }> {
  const text = `${[...env.values()].join('\n')}\n${source}`;
  const used = PROGRAMS.filter(([, sign]) => sign.test(text)).map(([program]) => program);
  const there = await Promise.all(used.map(async (program) => await isOnPath(program, searchPath)));
  const missing = used.filter((_, at) => !there[at]);
  return {
    programs: used.filter((_, at) => there[at]),
    questions: missing.map((program) => ({
      subject: `runtime.require`,
      message: `the application seems to use ${program}, which is not on this host`,
      add: `runtime: { require: [${program}] }, if a restored host needs it`,
      must: false,
    })),
  };
}

async function isOnPath(program: string, searchPath: string): Promise<boolean> {
  const found = await Promise.all(
    searchPath
      .split(delimiter)
      .filter(Boolean)
      .map(async (folder) => await isExecutable(join(folder, program))),
  );
  return found.includes(true);
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
