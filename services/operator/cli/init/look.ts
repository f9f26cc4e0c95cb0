import { basename } from 'node:path';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { mergeEnv, readAppEnvFiles } from './app-env.ts';
import { findAddress, type FoundAddress } from './database-address.ts';
import { findDocuments } from './find-documents.ts';
import { findSettings } from './find-settings.ts';
import { findFolders, tokenOf } from './folders.ts';
import type { FoundRule, Question } from './found.ts';
import { pathColumnsOf } from './path-columns.ts';
import { findPrograms, findPython } from './programs.ts';
import { quotedNames, readProject, type Project } from './project.ts';
import { mayCreateDatabases, readColumns, sampleColumn, type Ask } from './sample-database.ts';
import type { FoundDeployment } from './spec-text.ts';

export interface LookOptions {
  readonly root: string;
  readonly name: string | undefined;
  /** Of the person's choice, or the default made from the name. */
  readonly databaseVariable: string | undefined;
  readonly python: string | undefined;
  /** For finding programs. */
  readonly searchPath: string;
  /** What the environment and services.env already know of a variable. */
  readonly known: (variable: string) => string | undefined;
  /** Asks the database at an address, and ends the connection. */
  readonly withDatabase: <T>(url: string, work: (ask: Ask) => Promise<T>) => Promise<T>;
}

export interface Look {
  readonly found: FoundDeployment;
  /** To be written into services.env; undefined when it is there already, or was not found. */
  readonly address: { readonly variable: string; readonly url: string } | undefined;
}

/** Looks at an application and its database; writes nothing. Throws USAGE when the folder is no Django project. */
export async function lookAtApplication(options: LookOptions): Promise<Look> {
  const { root, known } = options;
  const envFiles = await readAppEnvFiles(root);
  const env = mergeEnv(envFiles);
  const project = await readProject(root, env);
  const quoted = quotedNames(project.source);
  const name = options.name ?? nameOf(project);
  const databaseVariable = options.databaseVariable ?? `${variablePart(name)}_DATABASE_URL`;
  const restoreVariable = `${variablePart(name)}_ADMIN_URL`;
  const folders = await findFolders(root, { env, quoted, settingsFolder: project.settingsFolder });
  const application = findAddress(env);
  const url = known(databaseVariable) ?? (application.kind === 'postgres' ? application.url : undefined);
  const hasAdmin = known(restoreVariable) !== undefined;
  const database = await lookAtDatabase(url, {
    options,
    folders: folders.roots,
    databaseVariable,
    hasAdmin,
    restoreVariable,
    application,
  });
  const settings = await findSettings({
    appRoot: root,
    folders: [...folders.roots, ...folders.trees],
    envFiles,
    url,
  });
  const python = options.python ?? (await findPython(root));
  const { programs, questions: programQuestions } = await findPrograms(
    env,
    project.source,
    options.searchPath,
  );
  return {
    address:
      url === undefined || known(databaseVariable) !== undefined
        ? undefined
        : { variable: databaseVariable, url },
    found: {
      name,
      appRoot: root,
      databaseVariable,
      restoreVariable: hasAdmin ? restoreVariable : undefined,
      roots: folders.roots,
      trees: folders.trees,
      leftOut: folders.leftOut,
      rules: database.rules,
      envFiles: envFiles.map(({ path }) => path),
      required: [...env].flatMap(([variable, value]) =>
        value !== '' && quoted.has(variable) ? [variable] : [],
      ),
      rewrites: settings.rewrites,
      python,
      programs,
      questions: [
        ...database.questions,
        ...folders.questions,
        ...settings.questions,
        ...programQuestions,
        ...projectQuestions(project, { envFiles: envFiles.length, env, quoted, python, root }),
      ],
    },
  };
}

/** `app` says nothing: the settings' package is the better name. */
function nameOf({ root, settingsModule }: Project): string {
  return tokenOf(settingsModule?.split('.')[0] ?? basename(root));
}

function variablePart(name: string): string {
  return name.toUpperCase().replaceAll('-', '_').replace(/^(\d)/, '_$1');
}

interface DatabaseFacts {
  readonly options: LookOptions;
  readonly folders: FoundDeployment['roots'];
  readonly databaseVariable: string;
  readonly restoreVariable: string;
  readonly hasAdmin: boolean;
  readonly application: FoundAddress;
}

async function lookAtDatabase(
  url: string | undefined,
  facts: DatabaseFacts,
): Promise<{ rules: readonly FoundRule[]; questions: readonly Question[] }> {
  const { options, databaseVariable, restoreVariable } = facts;
  if (url === undefined) return { rules: [], questions: [noAddress(facts)] };
  try {
    return await options.withDatabase(url, async (ask) => {
      const columns = pathColumnsOf(await readColumns(ask));
      const sampled = await Promise.all(
        columns.map(async (column) => ({ column, heads: await sampleColumn(ask, column) })),
      );
      const documents = await findDocuments(sampled, options.root, facts.folders);
      const may = facts.hasAdmin || (await mayCreateDatabases(ask));
      return {
        rules: documents.rules,
        questions: [...(may ? [] : [noCreate(restoreVariable)]), ...documents.questions],
      };
    });
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (error.code === 'CANCELLED') throw error;
    const add = `the address as it is reachable from here, in services.env: ${databaseVariable}=postgresql://USER:PASSWORD@HOST:PORT/NAME; then run the same command again`;
    return {
      rules: [],
      questions: [
        { subject: 'database', message: `it could not be looked at: ${error.message}`, add, must: true },
      ],
    };
  }
}

function noAddress({ application, databaseVariable }: DatabaseFacts): Question {
  const message =
    application.kind === 'other'
      ? `${application.from[0]} names ${application.engine}, and only PostgreSQL is backed up`
      : 'no database address was found in the env files';
  return {
    subject: 'database',
    message,
    add: `services.env: ${databaseVariable}=postgresql://USER:PASSWORD@HOST:PORT/NAME; then run the same command again`,
    must: true,
  };
}

function noCreate(variable: string): Question {
  return {
    subject: 'database.restoreUrl',
    message:
      'the application’s role may not create databases: no restore is possible without an administrator’s address, and passwords of roles are in no backup',
    add: `services.env: ${variable}=postgresql://ADMIN:PASSWORD@HOST:PORT/NAME, and in the spec: restoreUrl: { env: ${variable} }`,
    must: false,
  };
}

interface ProjectFacts {
  readonly envFiles: number;
  readonly env: ReadonlyMap<string, string>;
  readonly quoted: ReadonlySet<string>;
  readonly python: string | undefined;
  readonly root: string;
}

function projectQuestions(project: Project, facts: ProjectFacts): readonly Question[] {
  const ask = (when: boolean, subject: string, message: string, add: string): readonly Question[] =>
    when ? [{ subject, message, add, must: false }] : [];
  const port =
    ['BACKEND_PORT', 'APP_PORT', 'WEB_PORT', 'PORT'].map((name) => facts.env.get(name)).find(Boolean) ??
    '8000';
  const health = /path\(\s*["']([^"']*health[^"']*)["']/.exec(project.source)?.[1];
  const secretUnset = facts.quoted.has('SECRET_KEY') && !facts.env.has('SECRET_KEY');
  return [
    ...ask(
      /storages\.backends|S3Boto3?Storage|GoogleCloudStorage|AzureStorage/.test(project.source),
      'files',
      'the settings name an object storage for documents, which this version does not back up',
      'protect that storage by its own means, and say so to whoever relies on this backup',
    ),
    ...ask(
      facts.envFiles === 0,
      'config.envFiles',
      'no env file lies beside manage.py',
      'config: { envFiles: [/path/to/.env] }',
    ),
    ...ask(
      secretUnset,
      'config.require',
      'the settings read SECRET_KEY, which is in no env file',
      'config.envFiles: the file that holds it',
    ),
    ...ask(
      project.settingsFolder === undefined,
      'config.trees',
      'the settings module was not found',
      'config: { trees: [{ name: settings, path: /path/to/settings }] }',
    ),
    ...ask(
      facts.python === undefined,
      'application',
      'the Python that runs the application was not found, so the application itself is not checked',
      `application: { root: ${facts.root}, python: /path/to/venv/bin/python }, or give --python FILE`,
    ),
    ...ask(
      true,
      'hooks',
      'how to stop and start the application cannot be seen',
      'hooks: { stop: [[systemctl, stop, edms]], start: [[systemctl, start, edms]] }',
    ),
    ...ask(
      true,
      'checks',
      'no page is asked after a restore',
      `checks: [{ name: health, http: { url: "http://127.0.0.1:${port}/${health ?? ''}" } }]`,
    ),
  ];
}
