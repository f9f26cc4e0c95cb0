import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { parse } from 'yaml';
import { z } from 'zod';
import { TOOLS } from '#deploy/local/tool-catalogue.ts';
import { findTool } from '#deploy/local/tools.ts';
import { specSchema } from '#libs/contracts/spec.ts';
import { SERVICE_NAMES } from '#libs/contracts/services.ts';
import { readConfig } from '#libs/runtime/config.ts';
import { readEnvFile } from '#libs/runtime/env-file.ts';
import { SPANS } from '#libs/telemetry/names.ts';
import { copiedFiles, finalStage, layOutImage, readDockerfile } from './image-files.ts';

const words = z.array(z.string());
const compose = z
  .object({
    services: z.record(
      z.string(),
      z.looseObject({
        image: z.string(),
        build: z.object({ context: z.string(), dockerfile: z.string().optional() }).optional(),
        command: words.default([]),
        entrypoint: words.default([]),
        environment: z.record(z.string(), z.string()).default({}),
        secrets: words.default([]),
        volumes: words.default([]),
        ports: words.default([]),
        profiles: words.default([]),
        user: z.string().optional(),
        read_only: z.boolean(),
        cap_drop: words,
        security_opt: words,
        healthcheck: z.object({ test: words.optional(), disable: z.boolean().optional() }).optional(),
        depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      }),
    ),
    secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
    volumes: z.record(z.string(), z.null()),
  })
  .parse({ ...(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as object) });
const services = Object.entries(compose.services).map(([name, service]) => ({ name, ...service }));
const serviceOf = (name: string) => services.find((service) => service.name === name)!;

/** Nothing in these images can ask, and nothing waits for them; or they end by themselves. */
const WITHOUT_HEALTHCHECK = new Set(['collector', 'prepare', 'cli', 'edms-create']);
const SPEC = 'deploy/docker/reference-edms.yaml';
/** Their images change to a user of their own. */
const NAMED_USERS = /^(otel\/opentelemetry-collector|jaegertracing\/jaeger|grafana\/grafana):/;

const folder = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
after(() => rmSync(folder, { recursive: true, force: true }));
await execa(process.execPath, ['deploy/docker/make-secrets.ts', join(folder, 'secrets')]);
const secretFile = (name: string) => join(folder, compose.secrets[name]!.file);

test('the five services are there, and every one is hardened: read-only, no capabilities, no new privileges', () => {
  assert.deepEqual(
    SERVICE_NAMES.filter((name) => serviceOf(name) === undefined),
    [],
  );
  const soft = services.filter(
    ({ read_only, cap_drop, security_opt }) =>
      !read_only || cap_drop.join() !== 'ALL' || !security_opt.includes('no-new-privileges:true'),
  );
  assert.deepEqual(soft, []);
});

test('every image is pinned by a tag with a version, and so is every base of a Dockerfile', () => {
  const files = [...globSync('deploy/docker/{Dockerfile,*.Dockerfile}'), 'test/edms/Dockerfile'];
  const bases = files.flatMap((file) =>
    readDockerfile(file)
      .filter(({ word }) => word === 'FROM')
      .map(({ rest }) => rest.split(' ')[0]!),
  );
  assert.ok(bases.length >= 6, `only ${bases.length} bases were read`);
  const loose = [...bases, ...services.map(({ image }) => image)].filter(
    (image) => !/^[\w./-]+:v?\d+\.\d[\w.-]*$/.test(image),
  );
  assert.deepEqual(loose, []);
});

test('nothing runs as root: the last USER of our images, a user named here, or one that the image has', () => {
  const asRoot = services.filter(({ build, user, image }) => {
    if (user !== undefined) return user === 'root' || user.startsWith('0');
    if (NAMED_USERS.test(image)) return false;
    const built = build ?? services.find((other) => other.image === image && other.build)?.build;
    if (built === undefined) return true;
    const file = join(built.context, built.dockerfile ?? 'Dockerfile');
    const last = finalStage(readDockerfile(file)).findLast(({ word }) => word === 'USER');
    return last === undefined || last.rest === 'root' || last.rest === '0';
  });
  assert.deepEqual(
    asRoot.map(({ name }) => name),
    [],
  );
});

test('what is published is published on loopback alone, and nobody is given the socket of the container engine', () => {
  const ports = services.flatMap((service) => service.ports);
  assert.ok(ports.length > 3, `only ${ports.length} ports were read`);
  assert.deepEqual(
    ports.filter((port) => !port.startsWith('127.0.0.1:')),
    [],
  );
  assert.ok(!readFileSync('docker-compose.yml', 'utf8').includes('docker.sock'));
});

test('every command, health question and hook names a file that is in the image', () => {
  const asked = services.flatMap(({ name, image, entrypoint, command, healthcheck }) =>
    [...entrypoint, ...command, ...(healthcheck?.test ?? [])]
      .filter((word) => /\.(mjs|ts|py)$/.test(word))
      .map((file) => ({ name, file, edms: image.startsWith('holdfast-edms:') })),
  );
  assert.ok(asked.length >= 14, `only ${asked.length} files were read`);
  const [ours, edms] = [
    copiedFiles('deploy/docker/Dockerfile'),
    copiedFiles('test/edms/Dockerfile', 'test/edms'),
  ];
  const missing = asked.filter((each) => !(each.edms ? edms : ours).has(each.file));
  assert.deepEqual(missing, []);
});

test('the image as its stages make it: each command starts there with the one file, and no package lies beside it', async () => {
  const image = await layOutImage('deploy/docker/Dockerfile', join(folder, 'stages'));
  assert.ok(!existsSync(join(image, 'node_modules')));
  const start = async (words: readonly string[], env = {}) =>
    await execa(process.execPath, words, { cwd: image, reject: false, extendEnv: false, env });
  const ours = services.filter((service) => service.image.startsWith('holdfast:'));
  assert.equal(ours.length, SERVICE_NAMES.length + 2);
  // All is loaded before the configuration is read, or the store is asked.
  const said: Readonly<Record<string, RegExp>> = { cli: /^Usage: holdfast/, prepare: /NOT_WRITABLE/ };
  for (const { name, entrypoint, command } of ours) {
    const [program, envFile, ...words] = [...entrypoint, ...command];
    assert.deepEqual([program, envFile], ['node', '--env-file=/run/secrets/store.env']);
    const { stdout, stderr, exitCode } = await start(words, { HOLDFAST_HOME: '/dev/null/home' });
    assert.match(stdout + stderr, said[name] ?? new RegExp(`"service":"${name}".*HOLDFAST_STORE_URL`));
    assert.equal(exitCode === 0, name === 'cli', name);
  }
  const asked = await start(['deploy/docker/health.ts', '127.0.0.1:1']);
  assert.deepEqual([asked.exitCode, asked.stderr], [1, '']);
  const hooked = await start(['deploy/docker/edms-switch.ts']);
  assert.match(hooked.stderr, /usage: edms-switch\.ts/);
});

test('each service reads its configuration without a problem, and there is no variable it does not know', () => {
  const known = readFileSync('libs/runtime/config.ts', 'utf8');
  const store = Object.fromEntries(readEnvFile(secretFile('store.env')));
  for (const name of SERVICE_NAMES) {
    const { environment } = serviceOf(name);
    assert.equal(readConfig(name, { ...store, ...environment }).storeAccessKey, 'holdfast');
    assert.equal(environment['HOLDFAST_SERVICE'], name);
  }
  const used = services
    .flatMap(({ environment }) => Object.keys(environment))
    .filter((name) => /^(HOLDFAST|OTEL)_/.test(name));
  assert.deepEqual(
    used.filter((name) => !known.includes(`'${name}'`)),
    [],
  );
});

test('secrets are files: no value in an environment, each one given to who reads it, each one made', () => {
  const values = services.flatMap(({ name, environment }) =>
    Object.entries(environment)
      .filter(
        ([variable, value]) =>
          /PASSWORD|SECRET|TOKEN|KEY/.test(variable) && !value.startsWith('/run/secrets/'),
      )
      .map(([variable]) => `${name} ${variable}`),
  );
  assert.deepEqual(values, []);
  const ungiven = services.flatMap(({ name, environment, command, entrypoint, secrets }) => {
    const text = [...Object.values(environment), ...command, ...entrypoint].join(' ');
    const read = [...text.matchAll(/\/run\/secrets\/([\w.-]+)/g)].map(([, secret]) => secret!);
    return read.filter((secret) => !secrets.includes(secret)).map((secret) => `${name} ${secret}`);
  });
  assert.deepEqual(ungiven, []);
  const used = new Set(services.flatMap((service) => service.secrets));
  assert.deepEqual(Object.keys(compose.secrets).toSorted(), [...used].toSorted());
  assert.deepEqual(
    Object.keys(compose.secrets).filter((name) => !existsSync(secretFile(name))),
    [],
  );
});

test('the secrets lie in a closed folder, and making them again changes none', async () => {
  assert.equal(statSync(join(folder, 'secrets')).mode & 0o777, 0o700);
  const read = () => Object.keys(compose.secrets).map((name) => readFileSync(secretFile(name), 'utf8'));
  // What a person adds is kept, too.
  chmodSync(secretFile('services.env'), 0o600);
  appendFileSync(secretFile('services.env'), 'RECORDS_EU_DATABASE_URL=postgresql://localhost/records\n');
  const before = read();
  await execa(process.execPath, ['deploy/docker/make-secrets.ts', join(folder, 'secrets')]);
  assert.deepEqual(read(), before);
});

test('the bus takes its configuration, and is of a version that the streams rely on', async () => {
  const nats = await findTool('nats-server', {});
  const config = secretFile('nats.conf');
  await execa(nats.path, ['-t', '-c', config]);
  assert.match(readFileSync(config, 'utf8'), /listen: "0\.0\.0\.0:4222"/);
  const [, major, minor] = /^FROM nats:(\d+)\.(\d+)/m.exec(
    readFileSync('deploy/docker/nats.Dockerfile', 'utf8'),
  )!;
  assert.ok(Number(major) > 2 || Number(minor) >= 10);
});

test('MinIO is built from the module that the local stack pins, and its data begins with the bucket', () => {
  const { source } = TOOLS.minio;
  assert.ok(source?.kind === 'go');
  const builds = readDockerfile('deploy/docker/minio.Dockerfile').filter(({ rest }) =>
    rest.includes(source.module),
  );
  assert.equal(builds.length, 1);
  const bucket = new URL(serviceOf('verifier').environment['HOLDFAST_STORE_URL']!).hostname;
  const [data] = serviceOf('minio').volumes[0]!.split(':').slice(1);
  assert.match(
    readFileSync('deploy/docker/minio.Dockerfile', 'utf8'),
    new RegExp(` ${data}/${bucket}$`, 'm'),
  );
});

test('who is waited for exists, and can say that it is well', () => {
  const ask = (name: string) => (serviceOf(name)?.healthcheck?.test ?? []).length > 0;
  assert.deepEqual(
    services.filter(({ name }) => !WITHOUT_HEALTHCHECK.has(name) && !ask(name)).map(({ name }) => name),
    [],
  );
  const waits = services.flatMap(({ name, depends_on }) =>
    Object.entries(depends_on).map(([on, { condition }]) => ({ name, on, condition })),
  );
  assert.ok(waits.length > 10, `only ${waits.length} were read`);
  assert.deepEqual(
    waits.filter(({ on, condition }) => condition !== 'service_healthy' || !ask(on)),
    [],
  );
});

test('who writes the application restores it at the same path, and every mounted file and volume exists', () => {
  const mountOf = (name: string, volume: string) =>
    serviceOf(name).volumes.find((each) => each.startsWith(`${volume}:`));
  for (const name of ['edms', 'file-snapshot', 'config-vault'])
    assert.equal(mountOf(name, 'edms'), 'edms:/srv/edms', name);
  assert.equal(mountOf('verifier', 'edms'), 'edms:/srv/edms:ro');
  assert.equal(mountOf('config-vault', 'edms-switch'), mountOf('edms', 'edms-switch'));
  const sources = services.flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0]!));
  const absent = sources.filter((source) =>
    source.startsWith('./') ? !existsSync(source) : !Object.hasOwn(compose.volumes, source),
  );
  assert.deepEqual(absent, []);
});

test('the reference deployment is a valid spec, which with its hooks and secrets the containers have', () => {
  const spec = specSchema.parse(parse(readFileSync(SPEC, 'utf8')));
  const copied = copiedFiles('deploy/docker/Dockerfile');
  const hooks = [...spec.hooks.stop, ...spec.hooks.start].map((command) =>
    command[1]!.replace('/opt/holdfast/', ''),
  );
  assert.equal(hooks.length, 2);
  assert.deepEqual(
    [SPEC, ...hooks].filter((file) => !copied.has(file)),
    [],
  );
  const secrets = readEnvFile(secretFile('services.env'));
  const url = spec.database?.url;
  assert.ok(url !== undefined && 'env' in url && secrets.has(url.env));
});

test('the dashboard asks for spans and attributes that are sent', () => {
  const board = JSON.parse(readFileSync('deploy/grafana/disaster-recovery.json', 'utf8')) as {
    panels: { targets: { operation?: string; tags?: string; service?: string }[] }[];
  };
  const searches = board.panels
    .flatMap((panel) => panel.targets)
    .filter(({ operation }) => operation !== undefined);
  assert.ok(searches.length >= 6, `only ${searches.length} searches were read`);
  const sagas = globSync('services/restore-coordinator/sagas/*.ts').map((file) => readFileSync(file, 'utf8'));
  const isSent = (operation: string) => {
    const span = [SPANS.run, SPANS.step].find((name) => operation.startsWith(`${name} `));
    const last = operation.split(' ')[1]!;
    const names = [`'${last}'`, `\`${last.split('.')[0]}.\${component}\``];
    return span !== undefined && sagas.some((text) => names.some((name) => text.includes(name)));
  };
  assert.deepEqual(
    searches.filter(({ operation }) => !isSent(operation!)),
    [],
  );
  const sent = readFileSync('services/restore-coordinator/domain/run-trace.ts', 'utf8');
  const attributes = searches.flatMap(({ tags }) =>
    [...(tags ?? '').matchAll(/(holdfast\.\w+)=/g)].map(([, name]) => name!),
  );
  assert.ok(attributes.length > 0);
  assert.deepEqual(
    attributes.filter((name) => !sent.includes(`'${name}'`)),
    [],
  );
  assert.deepEqual([...new Set(searches.map(({ service }) => service))], ['restore-coordinator']);
});

const { failed: withoutCompose } = await execa('docker', ['compose', 'version'], { reject: false });
const own = withoutCompose
  ? 'docker compose is not on this machine: its own reading of the file was not tried'
  : 'docker compose reads the file without a complaint';
test(own, async () => {
  const { failed } = await execa('docker', ['compose', '--profile', 'once', 'config', '-q'], {
    reject: false,
  });
  assert.equal(failed, withoutCompose);
});
