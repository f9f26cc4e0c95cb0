import type { FoundFolder, FoundRewrite, FoundRule, Question } from './found.ts';

/** All that looking found, ready to be written down. */
export interface FoundDeployment {
  readonly name: string;
  readonly appRoot: string;
  readonly databaseVariable: string;
  readonly restoreVariable: string | undefined;
  readonly roots: readonly FoundFolder[];
  readonly trees: readonly FoundFolder[];
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
  readonly rules: readonly FoundRule[];
  readonly envFiles: readonly string[];
  readonly required: readonly string[];
  readonly rewrites: readonly FoundRewrite[];
  readonly python: string | undefined;
  readonly programs: readonly string[];
  readonly questions: readonly Question[];
}

/** The declaration as YAML, with comments for whoever reads it next. Pure. */
export function specText(found: FoundDeployment): string {
  const sections = [
    head(found),
    database(found),
    files(found),
    config(found),
    application(found),
    runtime(found),
    [
      'policy:',
      '  rpo: 26h',
      '  rto: 30m',
      '  # keep: a partial backup is committed and says so; refuse: it fails',
      '  partial: keep',
    ],
    hooks(),
    questions(found.questions),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function head({ name, appRoot }: FoundDeployment): readonly string[] {
  return [
    `# What Holdfast protects of ${appRoot}. Written by holdfast init from what it found; yours to edit.`,
    '# Declare a changed one with: holdfast init --spec FILE',
    `deployment: ${scalar(name)}`,
    'profile: django',
  ];
}

function database({ databaseVariable, restoreVariable }: FoundDeployment): readonly string[] {
  return [
    'database:',
    '  # The address itself is a secret: NAME=value in services.env of the home folder.',
    `  url: { env: ${databaseVariable} }`,
    ...(restoreVariable === undefined
      ? [
          '  # Where the role of url may not create databases, an administrator’s address for restores:',
          `  # restoreUrl: { env: ${databaseVariable.replace(/_DATABASE_URL$/, '')}_ADMIN_URL }`,
        ]
      : [`  restoreUrl: { env: ${restoreVariable} }`]),
  ];
}

function files({ roots, rules, leftOut }: FoundDeployment): readonly string[] {
  const left = leftOut.map(({ path, reason }) => `  # left out: ${path} (${reason})`);
  return [
    'files:',
    '  roots:',
    ...list(roots, rootLines),
    ...left,
    '  # Rows that name files: backups compare them with what is on disk.',
    '  documents:',
    ...list(rules, ruleLines),
  ];
}

function config({ envFiles, trees, required, rewrites }: FoundDeployment): readonly string[] {
  return [
    'config:',
    '  envFiles:',
    ...list(envFiles, (path) => [`    - ${scalar(path)}`]),
    '  trees:',
    ...list(trees, rootLines),
    '  # Set in the env files and read by the settings: a restore without them is refused.',
    '  require:',
    ...list(required, (name) => [`    - ${scalar(name)}`]),
    '  # What these files say of database and folders is adapted where a backup is restored elsewhere.',
    '  rewrite:',
    ...list(rewrites, rewriteLines),
  ];
}

function application({ appRoot, python }: FoundDeployment): readonly string[] {
  const note = '# How the application itself is asked after a restore.';
  if (python === undefined)
    return [
      `${note} Its Python was not found:`,
      `# application: { root: ${scalar(appRoot)}, python: /path/to/venv/bin/python, manage: manage.py }`,
    ];
  return [
    note,
    'application:',
    `  root: ${scalar(appRoot)}`,
    `  python: ${scalar(python)}`,
    '  manage: manage.py',
  ];
}

function runtime({ programs }: FoundDeployment): readonly string[] {
  if (programs.length === 0) return [];
  return [
    '# Programs the application calls; a target that lacks one is told at plan.',
    'runtime:',
    `  require: [${programs.map(scalar).join(', ')}]`,
  ];
}

function hooks(): readonly string[] {
  return [
    '# Argument arrays, no shell. Without a stop hook a restore is refused while sessions are open on the database.',
    '# hooks:',
    '#   stop: [[systemctl, stop, edms]]',
    '#   start: [[systemctl, start, edms]]',
  ];
}

function questions(open: readonly Question[]): readonly string[] {
  if (open.length === 0) return [];
  return [
    '# Not decided by looking:',
    ...open.flatMap(({ subject, message, add }) => [`# - ${subject}: ${message}`, `#     ${add}`]),
  ];
}

function rootLines({ name, path, optional, note }: FoundFolder): readonly string[] {
  return [
    `    - { name: ${scalar(name)}, path: ${scalar(path)}${optional ? ', optional: true' : ''} } # ${note}`,
  ];
}

function ruleLines(rule: FoundRule): readonly string[] {
  const optional = [
    ...(rule.sha256 === undefined ? [] : [`sha256: ${scalar(rule.sha256)}`]),
    ...(rule.size === undefined ? [] : [`size: ${scalar(rule.size)}`]),
    `root: ${scalar(rule.root)}`,
    ...(rule.prefix === '' ? [] : [`prefix: ${scalar(rule.prefix)}`]),
    ...(rule.base === '' ? [] : [`base: ${scalar(rule.base)}`]),
  ];
  return [
    `    # ${rule.note}`,
    `    - { table: ${scalar(rule.table)}, path: ${scalar(rule.path)}, ${optional.join(', ')} }`,
  ];
}

function rewriteLines({ file, format, set }: FoundRewrite): readonly string[] {
  return [
    `    - file: ${scalar(file)}`,
    `      format: ${format}`,
    '      set:',
    ...Object.entries(set).map(([key, value]) => `        ${scalar(key)}: ${scalar(value)}`),
  ];
}

/** An empty list is written as one, for a key without value would be an error. */
function list<T>(items: readonly T[], lines: (item: T) => readonly string[]): readonly string[] {
  return items.length === 0 ? ['    []'] : items.flatMap(lines);
}

const PLAIN = /^[A-Za-z/][A-Za-z0-9_./-]*$/;
const RESERVED = /^(true|false|null|yes|no|on|off|y|n)$/i;

function scalar(value: string): string {
  return PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}
