import type { Application } from './application.ts';

/** What an application does to its tables, once in each round. */
export interface Kind {
  readonly name: string;
  /** Its locks and those of a backup exclude each other. */
  readonly clashes: boolean;
  readonly tables: (app: Application) => string;
  readonly act: (app: Application, round: number) => Promise<void>;
}

/** Every row names its application: by that text the middle of its rows is found on the wire. */
const fresh = ({ name, rows }: Application, n: number) =>
  `SELECT g, ${n}, '${name}-row-' || g || repeat(md5(g::text), 4) FROM generate_series(1, ${rows}) g`;
const COLUMNS = '(id int PRIMARY KEY, n int, note text)';
const documents = (app: Application) =>
  `CREATE TABLE ${app.table} ${COLUMNS}; INSERT INTO ${app.table} ${fresh(app, 0)}`;
const updateSome = ({ table }: Application, round: number) =>
  `UPDATE ${table} SET n = n + 1 WHERE id % 3 = ${round % 3}`;

/** Statements in one transaction that stands open after the first of them. */
const inOne =
  (statements: (app: Application, round: number) => readonly string[]): Kind['act'] =>
  (app, round) =>
    app.change(async () => {
      const [first, ...rest] = statements(app, round);
      await app.alter(first!);
      await app.stand();
      for (const statement of rest) await app.alter(statement);
    });

export const KINDS: readonly Kind[] = [
  {
    name: 'truncate and reload',
    clashes: true,
    tables: documents,
    act: inOne((app, round) => [`TRUNCATE ${app.table}; INSERT INTO ${app.table} ${fresh(app, round)}`]),
  },
  {
    name: 'type-changing alter',
    clashes: true,
    tables: documents,
    act: inOne(({ table }, round) => [
      `ALTER TABLE ${table} ALTER COLUMN n TYPE ${round % 2 === 1 ? `text USING 'n' || n` : 'int USING ltrim(n, $$n$$)::int'}`,
    ]),
  },
  {
    name: 'added column with volatile default',
    clashes: true,
    tables: documents,
    act: inOne(({ table }, round) => [
      `ALTER TABLE ${table} ADD COLUMN tag_${round} uuid NOT NULL DEFAULT gen_random_uuid()`,
    ]),
  },
  {
    name: 'drop and create',
    clashes: true,
    tables: documents,
    act: inOne((app, round) => [
      `DROP TABLE ${app.table}; CREATE TABLE ${app.table} ${COLUMNS}; INSERT INTO ${app.table} ${fresh(app, round)}`,
    ]),
  },
  {
    name: 'swap of two tables by rename',
    clashes: true,
    tables: (app) =>
      `${documents(app)}; CREATE TABLE ${app.name}_next ${COLUMNS}; INSERT INTO ${app.name}_next ${fresh(app, 1)}`,
    // From the last name to the first: whoever locks by name meets it half way.
    act: inOne(({ table, name }) => [
      `ALTER TABLE ${name}_next RENAME TO ${name}_swap`,
      `ALTER TABLE ${table} RENAME TO ${name}_next`,
      `ALTER TABLE ${name}_swap RENAME TO ${name}_doc`,
    ]),
  },
  {
    name: 'vacuum full',
    clashes: true,
    tables: documents,
    async act(app, round) {
      let vacuum: Promise<void> | undefined;
      await app.change(async (session) => {
        await session.run(updateSome(app, round));
        const { waits, over } = app.beside(`VACUUM FULL ${app.table}`);
        vacuum = over;
        await waits;
        await app.stand();
      });
      await vacuum;
      await app.requireUnchanged();
    },
  },
  {
    name: 'cluster',
    clashes: true,
    tables: documents,
    act: inOne((app, round) => [`${updateSome(app, round)}; CLUSTER ${app.table} USING ${app.table}_pkey`]),
  },
  {
    name: 'reindex',
    clashes: true,
    tables: documents,
    act: inOne((app, round) => [`${updateSome(app, round)}; REINDEX TABLE ${app.table}`]),
  },
  {
    name: 'partition move',
    clashes: true,
    tables: (app) => {
      const { table, name, rows } = app;
      const half = Math.ceil(rows / 2) + 1;
      return `CREATE TABLE ${table} (id int, n int, note text) PARTITION BY RANGE (id);
        CREATE TABLE ${name}_old (id int, n int, note text) PARTITION BY RANGE (id);
        CREATE TABLE ${name}_low PARTITION OF ${table} FOR VALUES FROM (1) TO (${half});
        CREATE TABLE ${name}_high PARTITION OF ${table} FOR VALUES FROM (${half}) TO (${rows + 1});
        INSERT INTO ${table} ${fresh(app, 0)}`;
    },
    act: inOne(({ table, name, rows }, round) => {
      const [from, to] = round % 2 === 1 ? [table, `${name}_old`] : [`${name}_old`, table];
      return [
        `ALTER TABLE ${from} DETACH PARTITION ${name}_low`,
        `ALTER TABLE ${to} ATTACH PARTITION ${name}_low FOR VALUES FROM (1) TO (${Math.ceil(rows / 2) + 1})`,
      ];
    }),
  },
  {
    name: 'create index',
    clashes: false,
    tables: documents,
    act: inOne((app, round) => [
      `${updateSome(app, round)}; CREATE INDEX ${app.name}_by_n_${round} ON ${app.table} (n, id)`,
    ]),
  },
  {
    name: 'ids of a sequence',
    clashes: false,
    tables: (app) => `${documents(app)}; CREATE SEQUENCE ${app.name}_ids START ${app.rows + 1}`,
    // Half of them are deleted again: files of that name may have been written.
    act: (app, round) =>
      app.change(async (session) => {
        const given = await session.query<{ id: number }>(
          `INSERT INTO ${app.table} SELECT nextval('${app.name}_ids'), ${round}, 'new' FROM generate_series(1, 40) RETURNING id`,
        );
        app.issued.push(...given.map(({ id }) => ({ id, atMs: performance.now() })));
        await session.run(`DELETE FROM ${app.table} WHERE note = 'new' AND id % 2 = 0`);
        await app.stand();
      }),
  },
  {
    name: 'transfers of a sum that stays',
    clashes: false,
    tables: documents,
    async act(app, round) {
      for (let n = 0; n < 5; n += 1)
        await app.change(async (session) => {
          const [from, to] = [1 + ((7 * n + round) % app.rows), 1 + ((11 * n + 3) % app.rows)];
          await session.run(`UPDATE ${app.table} SET n = n - 10 WHERE id = ${from}`);
          await session.run(`UPDATE ${app.table} SET n = n + 10 WHERE id = ${to}`);
          await app.stand();
        });
    },
  },
];
