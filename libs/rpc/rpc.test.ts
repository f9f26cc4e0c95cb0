import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { decodeMessage, packageDefinition, requireMessage } from '#libs/contracts/load.ts';
import { HoldfastError, problem } from '#libs/kernel/errors.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import type { BoundServices, CallFacts, Caller } from './caller.ts';
import { createCaller, healthOf } from './client.ts';
import type { Readiness } from './health.ts';
import { createInlineCaller } from './inline.ts';
import { requireMethod } from './method.ts';
import { openRpcServer, type RpcServer } from './server.ts';
import { errorOf } from './status.ts';
import { tokenFile } from './token.ts';

const RUNS = 'holdfast.coordinator.v1.RunService';
const BACKUPS = 'holdfast.coordinator.v1.BackupService';
const FILES = 'holdfast.files.v1.FileService';
const COMPONENT = 'holdfast.component.v1.ComponentService';

/** What the handlers saw, for tests to look at. */
const seen: { requests: object[]; principals: string[]; abort: unknown } = {
  requests: [],
  principals: [],
  abort: undefined,
};

const refusal = new HoldfastError(
  'REFUSED',
  { deployment: 'records', free: 12 },
  {
    problems: [
      problem('SPACE_MISSING', '/srv', 'needs 20 GiB, größer als 3'),
      problem(
        'DATABASE_PRIVILEGE_MISSING',
        'table documents',
        'role reader may not read it',
        'GRANT SELECT ON documents TO reader;',
      ),
    ],
  },
);

const services: BoundServices = {
  [RUNS]: {
    getRun: {
      unary: async (request, facts) => {
        note(request, facts);
        return { runId: (request as { runId: string }).runId, steps: [{ name: 'mark', attempt: 2 }] };
      },
    },
    listRuns: { unary: async (request, facts) => (note(request, facts), await aborted(facts.signal), {}) },
    watchRun: { stream: watch },
    cancelRun: { unary: () => Promise.reject(new TypeError('a fault of ours')) },
  },
  [BACKUPS]: {
    startBackup: { unary: () => Promise.reject(refusal) },
    getBackup: { unary: () => Promise.resolve({ backup_id: 'x' }) },
    listBackups: {
      unary: () => Promise.reject(new HoldfastError('REFUSED', {}, { problems: manyProblems() })),
    },
  },
  [COMPONENT]: { preflight: { unary: async () => ({}) } },
  [FILES]: {
    listFiles: { unary: async () => ({ files: [{ path: 'a', bytes: '9007199254740993' }] }) },
    fetchFile: { stream: bigContent },
  },
};

/** What the service depends on, as a test says it. */
const changed: (() => void)[] = [];
let ready = true;
const readiness: Readiness = {
  isReady: async () => ready,
  onChange: (listener) => void changed.push(listener),
};
function setReady(now: boolean): void {
  ready = now;
  for (const listener of changed) listener();
}

async function* watch(request: object, facts: CallFacts): AsyncIterable<object> {
  note(request, facts);
  try {
    for (let sequence = 1; ; sequence += 1) {
      facts.signal.throwIfAborted();
      yield { sequence, kind: 'progress' };
      if ((request as { runId: string }).runId === 'short' && sequence === 3) return;
      if ((request as { runId: string }).runId === 'broken' && sequence === 2)
        throw new HoldfastError('JOURNAL_BROKEN', { at: 2 });
      await pause(5);
    }
  } finally {
    seen.abort ??= facts.signal.reason;
  }
}

async function* bigContent(): AsyncIterable<object> {
  for (let part = 0; part < 64; part += 1) yield { content: Buffer.alloc(256 << 10, part) };
}

/** The same promises for both ways to call. */
function callerSuite(name: string, callerOf: () => Caller): void {
  describe(`caller ${name}`, () => {
    test('requests and answers have all fields, text for 64-bit numbers, and the principal', async () => {
      const run = (await callerOf().call('restore-coordinator', RUNS, 'getRun', { runId: 'r1' })) as {
        runId: string;
        state: string;
        steps: object[];
        error: null;
      };
      assert.equal(run.runId, 'r1');
      assert.equal(run.state, '');
      assert.equal(run.error, null);
      assert.deepEqual(run.steps[0], {
        name: 'mark',
        service: '',
        state: '',
        attempt: 2,
        startedAt: '',
        finishedAt: '',
      });
      assert.deepEqual(seen.requests.at(-1), { runId: 'r1' });
      assert.equal(seen.principals.at(-1), 'operator');
      const files = (await callerOf().call('file-snapshot', FILES, 'listFiles', {})) as {
        files: { bytes: string }[];
      };
      assert.equal(files.files[0]!.bytes, '9007199254740993');
    });

    test('a refusal arrives with code, details, remedy and every problem', async () => {
      await assert.rejects(
        callerOf().call('restore-coordinator', BACKUPS, 'startBackup', { deployment: 'records' }),
        (thrown) => {
          const error = thrown as HoldfastError;
          assert.ok(error instanceof HoldfastError);
          assert.equal(error.code, 'REFUSED');
          assert.equal(error.message, refusal.message);
          assert.deepEqual(error.problems, refusal.problems);
          assert.equal(error.remedy, refusal.remedy);
          assert.equal(error.details['free'], 12);
          return true;
        },
      );
    });

    test('a field the proto does not know is refused on both sides', async () => {
      await assert.rejects(callerOf().call('restore-coordinator', RUNS, 'getRun', { run_id: 'r1' }), {
        code: 'MESSAGE_MALFORMED',
      });
      await assert.rejects(callerOf().call('restore-coordinator', BACKUPS, 'getBackup', {}), {
        code: 'MESSAGE_MALFORMED',
      });
    });

    test('a fault of the service is INTERNAL', async () => {
      await assert.rejects(callerOf().call('restore-coordinator', RUNS, 'cancelRun', {}), {
        code: 'INTERNAL',
      });
    });

    test('a deadline ends the call and aborts the handler', async () => {
      await assert.rejects(
        callerOf().call('restore-coordinator', RUNS, 'listRuns', {}, { deadlineMs: 100 }),
        { code: 'DEADLINE_EXCEEDED' },
      );
      await handlerAborted();
      assert.equal(HoldfastError.from(seen.abort).code, 'DEADLINE_EXCEEDED');
    });

    test('a cancel ends the call and aborts the handler', async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new HoldfastError('CANCELLED')), 50);
      await assert.rejects(
        callerOf().call('restore-coordinator', RUNS, 'listRuns', {}, { signal: controller.signal }),
        { code: 'CANCELLED' },
      );
      await handlerAborted();
      assert.equal(HoldfastError.from(seen.abort).code, 'CANCELLED');
    });

    test('a stream ends by itself, with its error, or when the reader leaves', async () => {
      const kinds = (runId: string, signal?: AbortSignal) =>
        callerOf().stream<{ sequence: number }>(
          'restore-coordinator',
          RUNS,
          'watchRun',
          { runId },
          { signal },
        );
      assert.deepEqual(await sequences(kinds('short')), [1, 2, 3]);
      await assert.rejects(sequences(kinds('broken')), { code: 'JOURNAL_BROKEN' });
      seen.abort = undefined;
      for await (const { sequence } of kinds('endless')) if (sequence === 3) break;
      await handlerAborted();
      assert.equal(HoldfastError.from(seen.abort).code, 'CANCELLED');
      const controller = new AbortController();
      setTimeout(() => controller.abort(new HoldfastError('CANCELLED')), 50);
      await assert.rejects(sequences(kinds('endless', controller.signal)), { code: 'CANCELLED' });
    });

    test('a long content streams whole', async () => {
      let bytes = 0;
      for await (const { content } of callerOf().stream<{ content: Buffer }>(
        'file-snapshot',
        FILES,
        'fetchFile',
        {},
      ))
        bytes += content.length;
      assert.equal(bytes, 16 << 20);
    });
  });
}

describe('rpc', () => {
  let folder: string;
  let server: RpcServer;
  let caller: Caller & Disposable;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-rpc-'));
    await writeFile(join(folder, 'token'), 'right-token\n');
    server = await openRpcServer({
      listen: '127.0.0.1:0',
      services,
      token: tokenFile(join(folder, 'token')),
      log: silentLog,
      readiness,
    });
    caller = createCaller({
      addresses: {
        'restore-coordinator': server.address,
        'file-snapshot': server.address,
        verifier: '127.0.0.1:1',
      },
      token: tokenFile(join(folder, 'token')),
    });
  });
  after(async () => {
    caller[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  callerSuite('over gRPC', () => caller);
  callerSuite('in process', () =>
    createInlineCaller({
      services: { 'restore-coordinator': services, 'file-snapshot': services },
      principal: 'operator',
    }),
  );

  test('another token, and none, are refused before the handler', async () => {
    await writeFile(join(folder, 'wrong'), 'wrong-token');
    using stranger = createCaller({
      addresses: { 'restore-coordinator': server.address },
      token: tokenFile(join(folder, 'wrong')),
    });
    const before = seen.requests.length;
    await assert.rejects(stranger.call('restore-coordinator', RUNS, 'getRun', { runId: 'r' }), {
      code: 'UNAUTHENTICATED',
    });
    await assert.rejects(
      sequences(stranger.stream('restore-coordinator', RUNS, 'watchRun', { runId: 'short' })),
      { code: 'UNAUTHENTICATED' },
    );
    using nobody = createCaller({
      addresses: { 'restore-coordinator': server.address },
      token: tokenFile(join(folder, 'none')),
    });
    await assert.rejects(nobody.call('restore-coordinator', RUNS, 'getRun', { runId: 'r' }), {
      code: 'UNAUTHENTICATED',
    });
    assert.equal(seen.requests.length, before);
  });

  test('what a client of another version asks for and we do not know is refused by name, and never half done', async () => {
    const codec = requireMessage('holdfast.coordinator.v1.GetRunRequest');
    const known = codec.serialize({ runId: 'r1' });
    const raw = (method: string, ...bytes: readonly Buffer[]) =>
      rawCall(server.address, method, Buffer.concat(bytes));
    const before = seen.requests.length;
    // Fields 200 (varint), 201 (text) and 202 (fixed), which no version of ours has.
    const newer = Buffer.from([0xc0, 0x0c, 0x01, 0xca, 0x0c, 0x01, 0x61, 0xd5, 0x0c, 0, 0, 0, 0]);
    const refused = await raw(`/${RUNS}/GetRun`, known, newer);
    assert.equal(refused.code, 'VERSION_MISMATCH');
    assert.deepEqual(
      refused.problems.map(({ subject }) => subject),
      ['field 200', 'field 201', 'field 202'],
    );
    assert.equal((await raw(`/${RUNS}/GetRun`, known.subarray(0, -1))).code, 'MESSAGE_MALFORMED');
    assert.equal((await raw(`/${RUNS}/WatchRun`, known, newer)).code, 'VERSION_MISMATCH');
    for (const method of [`/${RUNS}/FlyRun`, '/holdfast.moon.v9.MoonService/Fly'])
      assert.equal((await raw(method, known)).code, 'VERSION_MISMATCH');
    assert.equal(seen.requests.length, before, 'no handler ran');
    assert.equal((await raw(`/${RUNS}/GetRun`, known)).code, 'none');
    assert.deepEqual(seen.requests.at(-1), { runId: 'r1' });
  });

  test('a service that is not there is named as unreachable', async () => {
    await assert.rejects(caller.call('verifier', RUNS, 'getRun', {}), { code: 'SERVICE_UNREACHABLE' });
    await assert.rejects(caller.call('db-snapshot', RUNS, 'getRun', {}), { code: 'SERVICE_UNREACHABLE' });
  });

  test('a list of problems too long for a header is cut, and says by how much', async () => {
    await assert.rejects(caller.call('restore-coordinator', BACKUPS, 'listBackups', {}), (thrown) => {
      const { code, problems, details } = thrown as HoldfastError;
      assert.equal(code, 'REFUSED');
      assert.ok(problems.length > 50);
      assert.equal(problems.length + Number(details['problemsOmitted']), manyProblems().length);
      return true;
    });
  });

  test('health is that of the service and of what it depends on, and needs no token', async () => {
    assert.equal(await healthOf(server.address), 'NOT_SERVING');
    server.setServing(true);
    assert.equal(await healthOf(server.address), 'SERVING');
    setReady(false);
    assert.equal(await healthOf(server.address), 'NOT_SERVING');
    setReady(true);
    assert.equal(await healthOf(server.address), 'SERVING');
    server.setServing(false);
    assert.equal(await healthOf(server.address), 'NOT_SERVING');
    assert.equal(await healthOf('127.0.0.1:1'), 'silent');
  });

  test('health is told by service name, and who watches is told each change once', async () => {
    const check = (service: string) => askOnce(server.address, `grpc.health.v1.Health`, 'check', { service });
    server.setServing(true);
    assert.deepEqual(await check(RUNS), { status: 'SERVING' });
    const { statuses } = (await askOnce(server.address, 'grpc.health.v1.Health', 'list', {})) as {
      statuses: { key: string; value: object }[];
    };
    assert.deepEqual(statuses.find(({ key }) => key === RUNS)?.value, { status: 'SERVING' });
    await assert.rejects(check('holdfast.moon.v9.MoonService'), { code: status.NOT_FOUND });
    const unknown = watchHealth(server.address, 'holdfast.moon.v9.MoonService');
    assert.deepEqual((await unknown.next()).value, { status: 'SERVICE_UNKNOWN' });
    await unknown.return(undefined);
    const told = watchHealth(server.address, RUNS);
    const seenStates = [(await told.next()).value];
    for (const change of [() => setReady(false), () => setReady(true), () => server.setServing(false)]) {
      change();
      // Said again: no change, nothing to tell.
      change();
      seenStates.push((await told.next()).value);
    }
    await told.return(undefined);
    assert.deepEqual(
      seenStates.map((each) => each!.status),
      ['SERVING', 'NOT_SERVING', 'SERVING', 'NOT_SERVING'],
    );
  });

  test('a client that knows only the standard details sees reason, variables, remedy and every problem', async () => {
    const refused = await standardDetails(server.address, `/${BACKUPS}/StartBackup`, Buffer.alloc(0));
    assert.equal(refused.code, status.FAILED_PRECONDITION);
    assert.deepEqual(refused.details['google.rpc.ErrorInfo'], {
      reason: 'REFUSED',
      domain: 'holdfast',
      metadata: [
        { key: 'deployment', value: 'records' },
        { key: 'free', value: '12' },
      ],
    });
    const { locale, message } = refused.details['google.rpc.LocalizedMessage'] as Record<string, string>;
    assert.equal(locale, 'en');
    assert.equal(message, `${refusal.message}; ${refusal.remedy}`);
    assert.deepEqual(refused.details['google.rpc.PreconditionFailure'], {
      violations: refusal.problems.map((each) => ({
        type: each.code,
        subject: each.subject,
        description: `${each.message}; ${each.remedy}`,
      })),
    });
    const garbled = await standardDetails(server.address, `/${BACKUPS}/GetBackup`, Buffer.alloc(0));
    assert.equal(garbled.code, status.INVALID_ARGUMENT);
    const { fieldViolations } = garbled.details['google.rpc.BadRequest'] as {
      fieldViolations: { field: string; reason: string }[];
    };
    assert.deepEqual(
      fieldViolations.map(({ field, reason }) => ({ field, reason })),
      [{ field: 'backup_id', reason: 'MESSAGE_MALFORMED' }],
    );
  });

  test('a choice that we do not know is of another version', async () => {
    const ask = (...bytes: readonly number[]) =>
      rawCall(server.address, `/${COMPONENT}/Preflight`, Buffer.from(bytes));
    assert.deepEqual(await ask(0x18, 1), { code: 'none', problems: [] });
    const unknown = await ask(0x18, 99);
    assert.equal(unknown.code, 'VERSION_MISMATCH');
    assert.deepEqual(
      unknown.problems.map(({ subject }) => subject),
      ['purpose 99'],
    );
  });

  for (const version of ['v1', 'v1alpha']) {
    test(`reflection ${version} lists the services and describes them with all imports`, async () => {
      const listed = (await reflect(server.address, version, { listServices: '' })) as {
        listServicesResponse: { service: { name: string }[] };
      };
      const names = listed.listServicesResponse.service.map(({ name }) => name);
      assert.deepEqual(
        names,
        [
          'grpc.health.v1.Health',
          'grpc.reflection.v1.ServerReflection',
          'grpc.reflection.v1alpha.ServerReflection',
          BACKUPS,
          RUNS,
          FILES,
          COMPONENT,
        ].toSorted(),
      );
      for (const symbol of [
        ...names,
        'holdfast.step.v1.StepFailed',
        `${RUNS}.WatchRun`,
        'google.rpc.ErrorInfo',
      ]) {
        const { fileDescriptorResponse } = (await reflect(server.address, version, {
          fileContainingSymbol: symbol,
        })) as { fileDescriptorResponse: { fileDescriptorProto: Buffer[] } };
        const files = fileDescriptorResponse.fileDescriptorProto.map(fileOf);
        const found = new Set(files.map(({ name }) => name));
        assert.ok(
          files.every(({ dependency }) => dependency.every((name) => found.has(name))),
          `${symbol}: an import is missing`,
        );
      }
      const unknown = (await reflect(server.address, version, {
        fileContainingSymbol: 'holdfast.nothing.v1.Here',
      })) as { errorResponse: { errorCode: number } };
      assert.equal(unknown.errorResponse.errorCode, 5);
    });
  }

  test('the server stops in spite of an endless stream', async () => {
    const other = await openRpcServer({
      listen: '127.0.0.1:0',
      services,
      token: tokenFile(join(folder, 'token')),
      log: silentLog,
      readiness,
    });
    using own = createCaller({
      addresses: { 'restore-coordinator': other.address },
      token: tokenFile(join(folder, 'token')),
    });
    const reading = sequences(own.stream('restore-coordinator', RUNS, 'watchRun', { runId: 'endless' }));
    const ended = assert.rejects(reading, { code: 'SERVICE_UNREACHABLE' });
    await pause(100);
    const startedAt = performance.now();
    await other[Symbol.asyncDispose]();
    assert.ok(performance.now() - startedAt < 2_000);
    await ended;
  });
});

test('what is generated fits the protos', () => {
  assert.ok(Object.keys(packageDefinition()).length > 60);
  const codec = requireMessage('holdfast.step.v1.StepProgress');
  assert.deepEqual(decodeMessage(codec, Buffer.alloc(0)), {
    runId: '',
    step: '',
    bytes: '0',
    bytesTotal: '0',
    activity: '',
    rows: '0',
  });
});

function note(request: object, facts: CallFacts): void {
  seen.requests.push(request);
  seen.principals.push(facts.principal);
  seen.abort = undefined;
  facts.signal.addEventListener('abort', () => (seen.abort = facts.signal.reason), { once: true });
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw signal.reason;
}

async function sequences(stream: AsyncIterable<object>): Promise<number[]> {
  const found = [];
  for await (const item of stream) found.push((item as { sequence: number }).sequence);
  return found;
}

function manyProblems() {
  return Array.from({ length: 1_000 }, (_, index) =>
    problem('ROOT_MISSING', `/srv/root-${index}`, 'folder is not there'),
  );
}

/** The caller is answered before the handler notices. */
async function handlerAborted(): Promise<void> {
  while (seen.abort === undefined) await pause(5);
}

/** Bytes as they are, with the right token; how the call was refused. */
async function rawCall(
  address: string,
  path: string,
  bytes: Buffer,
): Promise<Pick<HoldfastError, 'problems'> & { code: string }> {
  const refused = await sendBytes(address, path, bytes);
  if (refused === null) return { code: 'none', problems: [] };
  return errorOf(refused, { service: 'restore-coordinator', address });
}

async function sendBytes(address: string, path: string, bytes: Buffer): Promise<ServiceError | null> {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer right-token');
  const asIs = (each: Buffer) => each;
  const { promise, resolve } = Promise.withResolvers<ServiceError | null>();
  client.makeUnaryRequest(path, asIs, asIs, bytes, metadata, resolve);
  const refused = await promise;
  client.close();
  return refused;
}

/** The details of a refusal by the names of their messages, decoded as what they say they are. */
async function standardDetails(address: string, path: string, bytes: Buffer) {
  const refused = (await sendBytes(address, path, bytes))!;
  const packed = decodeMessage(
    requireMessage('google.rpc.Status'),
    refused.metadata.get('grpc-status-details-bin')[0] as Buffer,
  ) as { code: number; details: { typeUrl: string; value: Buffer }[] };
  assert.equal(packed.code, refused.code);
  const named = packed.details.map(({ typeUrl, value }) => {
    const name = typeUrl.slice('type.googleapis.com/'.length);
    return [name, decodeMessage(requireMessage(name), value)] as const;
  });
  return { code: packed.code, details: Object.fromEntries(named) };
}

async function askOnce(address: string, service: string, name: string, request: object): Promise<object> {
  const method = requireMethod(service, name);
  const client = new Client(address, credentials.createInsecure());
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  const { path, requestSerialize, responseDeserialize } = method;
  client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (cause, answer) =>
    cause === null ? resolve(answer!) : reject(cause),
  );
  return await promise.finally(() => client.close());
}

async function* watchHealth(
  address: string,
  service: string,
): AsyncGenerator<{ status: string }, undefined, void> {
  const { path, requestSerialize, responseDeserialize } = requireMethod('grpc.health.v1.Health', 'watch');
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service });
  call.on('error', () => {});
  try {
    yield* call as AsyncIterable<{ status: string }>;
  } finally {
    call.cancel();
    client.close();
  }
}

async function reflect(address: string, version: string, request: object): Promise<object> {
  const method = requireMethod(`grpc.reflection.${version}.ServerReflection`, 'serverReflectionInfo');
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    new Metadata(),
  );
  try {
    call.write(request);
    for await (const answer of call as AsyncIterable<object>) return answer;
    throw new Error('no answer');
  } finally {
    call.cancel();
    client.close();
  }
}

/** Enough of a FileDescriptorProto for the test: its name (1) and imports (3). */
function fileOf(bytes: Buffer): { name: string; dependency: string[] } {
  const file = { name: '', dependency: [] as string[] };
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    let length = 0;
    let next = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[next++]!;
      length += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const text = bytes.subarray(next, next + length).toString('utf8');
    if (tag === 0x0a) file.name = text;
    if (tag === 0x1a) file.dependency.push(text);
    at = next + length;
  }
  return file;
}
