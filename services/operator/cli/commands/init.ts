import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseSpec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readEnvFile } from '#libs/runtime/env-file.ts';
import { withDatabase } from '../ask-database.ts';
import type { Answer, Context, Input, LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { lookAtApplication } from '../init/look.ts';
import type { Question } from '../init/found.ts';
import { writeSecret } from '../init/services-env.ts';
import { specText } from '../init/spec-text.ts';
import { countText } from '../text.ts';
import { problemsText } from '../problems.ts';
import { prepareRepository } from '../prepare-repository.ts';
import { chosenStore } from '../store-choice.ts';
import { recoveryLines } from './up.ts';
import { EXIT } from '#libs/kernel/catalogue.ts';

export const init: LeafCommand = {
  name: 'init',
  summary: 'declare a deployment: by looking at a Django application, or from a spec',
  options: [
    ['--app <folder>', 'the folder of manage.py'],
    ['--spec <file>', 'declare this spec instead of looking'],
    ['--name <name>', 'name of the deployment (default: from the settings module)'],
    [
      '--database-url-env <variable>',
      'variable of services.env with the database address (default: NAME_DATABASE_URL)',
    ],
    ['--python <file>', 'the Python that runs the application'],
    ['--rewrite', 'write the spec anew, also over one that was edited'],
    ['--dry-run', 'only show what would be written and declared'],
    ['--store <where>', 'with neither: make the repository there (default: the store of this home)'],
    ['--recovery-key <file>', 'where the offline recovery key is written, when the repository is made now'],
  ],
  examples: [
    'holdfast up --detach && holdfast init --app /app',
    'holdfast init --app /app --name records-eu --dry-run',
    'holdfast init --spec records-eu.yaml',
    'holdfast init --store /mnt/backup/store --recovery-key recovery-key.txt',
  ],
  async act(input, context) {
    const spec = input.text('spec');
    const app = input.text('app');
    if (spec !== undefined && app !== undefined)
      throw new HoldfastError('USAGE', { reason: '--spec and --app exclude each other' });
    if (app !== undefined) return await initByLooking(resolve(context.cwd, app), input, context);
    if (spec !== undefined) return await initFromSpec(resolve(context.cwd, spec), input, context);
    return await initRepository(input, context);
  },
};

async function initRepository(input: Input, context: Context): Promise<Answer> {
  const given = input.text('recoveryKey');
  const store = await chosenStore(input, context);
  const repository = await prepareRepository(
    { store, recoveryFile: given === undefined ? undefined : resolve(context.cwd, given) },
    context,
  );
  const text = [
    repository.created ? 'repository made' : 'repository is there',
    ...recoveryLines(repository),
    // A store that is named here is one for services that `up` does not start.
    ...(input.text('store') === undefined
      ? ['next: holdfast up --detach && holdfast init --app FOLDER']
      : []),
  ];
  return { data: { repository }, text: text.join('\n') };
}

async function readSpecFile(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HoldfastError(
      'USAGE',
      { spec: file, remedy: 'give the path of a spec: --spec FILE' },
      { cause },
    );
  });
}

async function initFromSpec(file: string, input: Input, context: Context): Promise<Answer> {
  const text = await readSpecFile(file);
  if (!input.flag('dryRun')) return await declare(text, context);
  const { deployment } = parseSpec(text);
  return { data: { deployment, spec: text }, text: `${deployment}: the spec is sound; nothing was declared` };
}

/** Every problem of the text is told here already, also when no stack runs. */
async function declare(text: string, context: Context): Promise<Answer> {
  const { deployment } = parseSpec(text);
  const { specVersion, warnings } = await withFrontDoor(
    context,
    async (door) => await door.declareDeployment(text),
  );
  const lines = [
    `${deployment} is declared, version ${specVersion}`,
    ...(warnings.length === 0 ? [] : ['warnings:', problemsText(warnings)]),
    `next: holdfast backup ${deployment}`,
  ];
  return { data: { deployment, specVersion, warnings }, text: lines.join('\n') };
}

async function initByLooking(root: string, input: Input, context: Context): Promise<Answer> {
  const { home, env, report } = context;
  const known = (variable: string) => env[variable] || readEnvFile(home.envFile).get(variable) || undefined;
  const { found, address } = await lookAtApplication({
    root,
    name: input.text('name'),
    databaseVariable: input.text('databaseUrlEnv'),
    python: input.text('python'),
    searchPath: env['PATH'] ?? '',
    known,
    withDatabase: async (url, work) => await withDatabase(url, work, context.interrupts.signal),
  });
  const text = specText(found);
  parseSpec(text);
  const file = join(home.folder, 'deployments', `${found.name}.yaml`);
  const data = {
    deployment: found.name,
    specFile: file,
    databaseVariable: found.databaseVariable,
    questions: found.questions,
  };
  if (input.flag('dryRun')) return { data: { ...data, spec: text }, text };
  await writeSpec(file, text, input.flag('rewrite'));
  if (address !== undefined) await writeSecret(home.envFile, address.variable, address.url);
  report.note(
    `${file} written: ${[
      countText(found.roots.length, 'root'),
      countText(found.trees.length, 'configuration tree'),
      countText(found.envFiles.length, 'env file'),
      countText(found.rules.length, 'rule'),
    ].join(', ')} for document paths`,
  );
  if (address !== undefined) report.note(`${address.variable} written into ${home.envFile}`);
  const declared = await declare(text, context);
  const open = questionsText(found.questions);
  const exit = found.questions.some(({ must }) => must) ? EXIT.partial : EXIT.good;
  return { data: { ...data, ...declared.data }, text: [...open, declared.text].join('\n'), exit };
}

/** What somebody edited is not overwritten unasked. */
async function writeSpec(file: string, text: string, rewrite: boolean): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before === text) return;
  if (before !== undefined && !rewrite) {
    throw new HoldfastError('REFUSED', {
      spec: file,
      reason: 'it is there already and differs',
      remedy: `declare it as it is: holdfast init --spec ${file}; or write it anew: add --rewrite`,
    });
  }
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o600 });
}

function questionsText(questions: readonly Question[]): readonly string[] {
  if (questions.length === 0) return [];
  return [
    'not decided by looking (also at the end of the spec):',
    ...questions.map(
      ({ subject, message, add, must }) =>
        `- ${must ? 'NEEDED  ' : ''}${subject}: ${message}\n    add: ${add}`,
    ),
  ];
}
