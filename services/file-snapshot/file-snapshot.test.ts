import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StagedTrees, TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { parseSpec } from '#libs/contracts/spec.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import type { HoldfastError, Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import { createInlineCaller } from '#libs/rpc/inline.ts';
import { bindServices } from '#libs/runtime/bind.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { writeSpec } from '#libs/runtime/spec-store.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { contract } from './contract.ts';
import { buildService } from './service.ts';

const RUN = 'ab'.repeat(16);
const signal = new AbortController().signal;
const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {}, child: () => log } as never;

async function openScene(more = '') {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'));
  mkdirSync(join(folder, 'media', 'sub'), { recursive: true });
  for (let n = 0; n < 7; n += 1) writeFileSync(join(folder, 'media', 'sub', `doc ${n}`), `content ${n}`);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/media/`), Buffer.from([0xff])]), 'odd name');
  linkSync(join(folder, 'media', 'sub', 'doc 3'), join(folder, 'media', 'z link'));
  symlinkSync('sub', join(folder, 'media', 'to sub'));
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  const yaml = `
deployment: edms
database: { url: { env: DB } }
files:
  roots:
    - { name: media, path: ${folder}/media }
    - { name: later, path: ${folder}/later, optional: true }
${more.replaceAll('FOLDER', folder)}`;
  await writeSpec(store, 'edms', yaml);
  const requireSecret = () => new Secret('postgresql://reader@host:1/copy');
  const host = { site: 'local', store, repository, clock: systemClock, log, requireSecret };
  const { ports } = await buildService(host as never);
  const services = { 'file-snapshot': bindServices(contract, ports, host) };
  const caller = createInlineCaller({ services, principal: 'anna' });
  let claims = 0;
  const step = (verb: keyof typeof contract.consumes, request: Json, relocationJson = ''): Promise<Json> => {
    const command = {
      runId: RUN,
      deployment: 'edms',
      site: 'local',
      epoch: 1,
      attempt: 1,
      step: 'files',
      relocationJson,
    };
    const phase = <T>(_: string, work: () => Promise<T>) => work();
    claims += 1;
    const token = { runId: RUN, epoch: 1, claim: claims };
    const requireLatest = async () => {};
    const context = {
      command,
      token,
      spec: parseSpec(yaml),
      signal,
      log,
      progress: () => {},
      phase,
      requireLatest,
    };
    return contract.consumes[verb]!(request, context as unknown as StepContext, ports);
  };
  const take = () => step('TakeSnapshot', { mark: 'm' }) as Promise<unknown> as Promise<TakeSnapshotOutcome>;
  const ask = <Answer>(service: string, method: string, request: object): Promise<Answer> =>
    caller.call('file-snapshot', service, method, { deployment: 'edms', ...request }) as Promise<Answer>;
  const fetch = async (snapshotId: string, path: string): Promise<string> => {
    const request = { deployment: 'edms', snapshotId, root: 'media', path };
    const parts = caller.stream('file-snapshot', 'holdfast.files.v1.FileService', 'fetchFile', request);
    const contents = (await Array.fromAsync(parts)) as { content: Buffer }[];
    return Buffer.concat(contents.map(({ content }) => content)).toString();
  };
  return {
    folder,
    store,
    repository,
    ports,
    step,
    take,
    ask,
    fetch,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

const FILES = 'holdfast.files.v1.FileService';
const COMPONENT = 'holdfast.component.v1.ComponentService';
interface Page {
  readonly files: readonly { readonly path: string; readonly kind: string; readonly bytes: unknown }[];
  readonly nextPageToken: string;
}

test('a snapshot is taken, staged, switched, undone and discarded by its verbs', async () => {
  await using scene = await openScene();
  const taken = await scene.take();
  assert.equal(taken.mark, 'm');
  assert.ok(taken.packs.length > 0);
  const document = join(scene.folder, 'media', 'sub', 'doc 1');
  writeFileSync(document, 'newer');
  const staged = (await scene.step('StageRestore', { snapshot: taken.snapshot } as Json)) as StagedTrees;
  assert.deepEqual(
    staged.roots.map(({ name }) => name),
    ['media'],
  );
  assert.deepEqual(await scene.step('PivotRestore', { staged } as Json), { switched: ['media'] });
  assert.equal(readFileSync(document, 'utf8'), 'content 1');
  await scene.step('UndoPivot', { staged } as Json);
  assert.equal(readFileSync(document, 'utf8'), 'newer');
  await scene.step('DiscardStage', {});
  await scene.step('DiscardStage', {});
  await assert.rejects(scene.step('PivotRestore', { staged } as Json), { code: 'STAGE_GONE' });
});

test('a snapshot without a mark is refused: nobody knows which rows its files belong to', async () => {
  await using scene = await openScene();
  await assert.rejects(scene.step('TakeSnapshot', {}), { code: 'MESSAGE_MALFORMED' });
});

test('pages of a listing fit together, and a name narrows them', async () => {
  await using scene = await openScene();
  const snapshotId = (await scene.take()).snapshot.id;
  const whole = await scene.ask<Page>(FILES, 'listFiles', { snapshotId });
  const paged: string[] = [];
  for (let pageToken = '', first = true; first || pageToken !== ''; first = false) {
    const page = await scene.ask<Page>(FILES, 'listFiles', { snapshotId, pageSize: 3, pageToken });
    assert.ok(page.files.length <= 3);
    paged.push(...page.files.map(({ path }) => path));
    pageToken = page.nextPageToken;
  }
  assert.deepEqual(
    paged,
    whole.files.map(({ path }) => path),
  );
  assert.equal(paged.length, 12);
  assert.ok(paged.includes('\\xff'));
  const some = await scene.ask<Page>(FILES, 'listFiles', { snapshotId, nameContains: 'media/sub/doc' });
  assert.equal(some.files.length, 7);
  await assert.rejects(scene.ask(FILES, 'listFiles', { snapshotId, pageToken: 'bm9uc2Vuc2U' }), {
    code: 'MESSAGE_MALFORMED',
  });
  await assert.rejects(scene.ask(FILES, 'listFiles', { snapshotId: 'none' }), { code: 'NOT_FOUND' });
});

test('a file is fetched by the name it is shown under, a hard link by any of its names', async () => {
  await using scene = await openScene();
  const { id } = (await scene.take()).snapshot;
  assert.equal(await scene.fetch(id, 'sub/doc 2'), 'content 2');
  assert.equal(await scene.fetch(id, '\\xff'), 'odd name');
  assert.equal(await scene.fetch(id, 'z link'), 'content 3');
  for (const path of ['nothing', 'sub', 'to sub'])
    await assert.rejects(scene.fetch(id, path), { code: 'NOT_FOUND' });
});

test('content that is not what was recorded ends with an error', async () => {
  await using scene = await openScene();
  const { snapshot } = await scene.take();
  const content = scene.ports.snapshots.content.bind(scene.ports.snapshots);
  Object.assign(scene.ports.snapshots, {
    async *content(ref: never) {
      yield* content(ref, signal);
      // The listing passes as well; a file's content is what is bent.
      if ((ref as { bytes: number }).bytes === 'content 2'.length) yield Buffer.from('!');
    },
  });
  await assert.rejects(scene.fetch(snapshot.id, 'sub/doc 2'), { code: 'SNAPSHOT_DAMAGED' });
});

test('preflight: an absent optional root is fine, everything else that is wrong is listed at once', async () => {
  await using scene = await openScene();
  type Answer = {
    problems: readonly Problem[];
    warnings: readonly Problem[];
    factsJson: string;
  };
  const question = { specVersion: 1, purpose: 'PURPOSE_BACKUP' };
  assert.deepEqual((await scene.ask<Answer>(COMPONENT, 'preflight', question)).problems, []);
  const { snapshot } = await scene.take();
  rmSync(join(scene.folder, 'media'), { recursive: true });
  writeFileSync(join(scene.folder, 'later'), 'a file where a folder should be');
  const wrong = await scene.ask<Answer>(COMPONENT, 'preflight', question);
  assert.deepEqual(
    wrong.problems.map(({ code, subject }) => [code, subject]),
    [
      ['ROOT_MISSING', 'media'],
      ['ROOT_MISSING', 'later'],
    ],
  );
  const restore = {
    specVersion: 1,
    purpose: 'PURPOSE_RESTORE',
    snapshotId: snapshot.id,
    snapshotDigest: snapshot.digest,
    snapshotDeployment: snapshot.deployment,
  };
  const answer = await scene.ask<Answer>(COMPONENT, 'preflight', restore);
  assert.deepEqual(answer.problems, [], 'a root that is not there can be made');
  assert.deepEqual(
    answer.warnings.map(({ subject }) => subject),
    ['later'],
    'a root that was absent would be emptied',
  );
  const [place] = (JSON.parse(answer.factsJson) as { places: { exists: boolean }[] }).places;
  assert.equal(place?.exists, false);
});

const REWRITE = `config:
  rewrite:
    - { file: FOLDER/media/site.json, format: json, set: { db.name: '{database}', root: '{root:media}/x' } }
`;

/** Times are given back to the microsecond. */
const microsecondOf = (path: string): bigint => statSync(path, { bigint: true }).mtimeNs / 1000n;

test('settings name the copy where it lies elsewhere; in place they come back byte for byte', async () => {
  await using scene = await openScene(REWRITE);
  const file = join(scene.folder, 'media', 'site.json');
  const site = '{ "db": {"name":"live"}, "root": "/where/it/was", "more": 1 }\n';
  writeFileSync(file, site, { mode: 0o600 });
  const { snapshot } = await scene.take();
  const stagedAs = async (relocationJson: string): Promise<string> => {
    const { stage } = (await scene.step(
      'StageRestore',
      { snapshot } as never,
      relocationJson,
    )) as StagedTrees;
    const path = join(scene.folder, 'media', '.holdfast', stage, 'new', 'site.json');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(microsecondOf(path), microsecondOf(file));
    return readFileSync(path, 'utf8');
  };
  assert.equal(await stagedAs(''), site);
  const adapted = site.replace('live', 'copy').replace('/where/it/was', `${scene.folder}/media/x`);
  assert.equal(await stagedAs('{}'), adapted);
});

test('a rewrite that fits nothing is told at the backup, and refused before and while it is staged', async () => {
  await using scene = await openScene(REWRITE);
  writeFileSync(join(scene.folder, 'media', 'site.json'), '{ "db": {} }');
  const { snapshot } = await scene.take();
  const ask = async (purpose: string) => {
    const question = {
      specVersion: 1,
      purpose,
      relocationJson: '{"application":"keep"}',
      snapshotId: snapshot.id,
      snapshotDigest: snapshot.digest,
      snapshotDeployment: snapshot.deployment,
    };
    return await scene.ask<Record<'problems' | 'warnings', readonly Problem[]>>(
      COMPONENT,
      'preflight',
      question,
    );
  };
  const told = ['db.name', 'root'].map((key) => `REWRITE_UNMATCHED ${scene.folder}/media/site.json ${key}`);
  const lines = (problems: readonly Problem[]) => problems.map(({ code, subject }) => `${code} ${subject}`);
  assert.deepEqual(lines((await ask('PURPOSE_BACKUP')).warnings), told);
  assert.deepEqual(lines((await ask('PURPOSE_RESTORE')).problems), told);
  await assert.rejects(scene.step('StageRestore', { snapshot } as never, '{}'), (thrown: HoldfastError) => {
    assert.deepEqual(lines(thrown.problems), told);
    return true;
  });
});
