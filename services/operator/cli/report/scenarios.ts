/** One situation of the runbook: when it is this one, what to look at first, what to type, what to look at after. */
export interface Scenario {
  readonly title: string;
  readonly when: string;
  readonly before: readonly string[];
  /** Command lines. */
  readonly steps: readonly string[];
  readonly after: readonly string[];
}

export interface Names {
  readonly deployment: string;
  readonly store: string;
}

const looks = (line: string): string => `${line}  # looks only`;

const AFTER = [
  'Log in as a user who is no superuser; open one old and one new document.',
  'Scheduled tasks are listed and the next run of each lies in the future.',
  'Tell the users which moment the system is back at: the mark of the backup.',
];

/** In the order in which a person who is woken up asks. */
export function scenariosOf({ deployment, store }: Names): readonly Scenario[] {
  const restore = `holdfast restore ${deployment}`;
  const rescue = `node holdfast.mjs rescue --store "${store}" --key recovery-key.txt`;
  const secrets = `--deployment ${deployment} --env-file secrets.env`;
  return [
    {
      title: 'Total loss',
      when: 'Database, files and configuration are gone, or nobody trusts them any more.',
      before: [
        'The machine has what section "What it needs" lists, and the application itself: its code and its Python are in no backup.',
        'The PostgreSQL server runs, and the administrator address of the spec reaches it.',
        'Users are told that the system is away.',
      ],
      steps: [
        looks('holdfast doctor'),
        looks(`holdfast backups list ${deployment}`),
        looks(`${restore} --plan`),
        restore,
      ],
      after: AFTER,
    },
    {
      title: 'Database corruption',
      when: 'The files are sound, and rows are damaged, deleted by mistake or changed by a bad migration.',
      before: [
        'Stop the application now: each new row makes the loss larger.',
        'Find the last backup whose mark is older than the damage; its id goes where latest stands below.',
      ],
      steps: [
        looks(`holdfast backups list ${deployment}`),
        looks(`holdfast report coverage ${deployment}`),
        looks(`${restore} --only database --backup latest --plan`),
        `${restore} --only database --backup latest`,
      ],
      after: ['Documents added after the mark have no row: they are in the kept old state.', ...AFTER],
    },
    {
      title: 'Files only',
      when: 'The database is sound, and documents are missing or damaged.',
      before: ['Find out which documents: the application names them, or the backup lists them.'],
      steps: [
        looks(`holdfast files list ${deployment}`),
        `holdfast files fetch ${deployment} ROOT PATH --to FILE`,
        `${restore} --only files`,
      ],
      after: ['Each fetched file was compared with its digest while it was written.', ...AFTER.slice(0, 1)],
    },
    {
      title: 'Move to another host',
      when: 'The same system, with its sessions and due tasks, goes on elsewhere. For a copy see the next section.',
      before: [
        'Stop the old stack: holdfast down. Two systems on one database are worse than none.',
        'Write the addresses of the NEW servers into secrets.env (mode 0600), under the names that the spec uses.',
        'Settings files inside restored trees may name the OLD host: look into them before the application starts.',
      ],
      steps: [`${rescue} ${secrets} --plan`, `${rescue} ${secrets}`],
      after: ['Nothing on the new host reaches an address of the old one.', ...AFTER],
    },
    {
      title: 'Copy for another environment',
      when: 'Staging, a test or a developer gets the data, and this system goes on: never by rescue, which keeps sessions and due tasks.',
      before: [
        'target.yaml is a spec of its own: another name (TARGET below), places, database address, hooks and checks.',
        'Its config.set and config.rewrite replace each value that leads to this system or to people: the plan lists them.',
      ],
      steps: [
        'holdfast init --spec target.yaml',
        `${restore} --to TARGET --plan`,
        `${restore} --to TARGET`,
        'holdfast schedules release TARGET  # when its tasks may run',
      ],
      after: ['No session of this system works in the copy, and no task runs there before its release.'],
    },
    {
      title: 'After a restore: back, or done',
      when: 'A restore was committed: the state before it is kept, takes its room, and can be put back until it is released.',
      before: [
        'The state before is still kept: doctor names it. Rollback puts it back, release drops it for good.',
      ],
      steps: [looks('holdfast doctor'), `holdfast rollback ${deployment}`, `holdfast release ${deployment}`],
      after: AFTER.slice(0, 1),
    },
    {
      title: 'Break glass',
      when: 'Nothing of Holdfast runs any more: only the store, or a copy of it, and the recovery key are left.',
      before: [
        'Node 22.15 or newer, PostgreSQL client programs, an empty PostgreSQL server.',
        'holdfast.mjs lies in about/ of the store; the recovery key lies with the contacts above.',
      ],
      steps: [`${rescue} --list`, `${rescue} ${secrets} --plan`, `${rescue} ${secrets}`],
      after: [
        'Make a new home: the recovery key as keys/identity.txt in it, the lines of secrets.env in its services.env, then holdfast up.',
        ...AFTER,
      ],
    },
  ];
}
