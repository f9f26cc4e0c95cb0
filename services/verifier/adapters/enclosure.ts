import { execa } from 'execa';
import { cp, lstat, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { delimiter, dirname, join, relative } from 'node:path';
import { parseAddress } from '#libs/postgres/address.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Host } from '#libs/runtime/host.ts';
import { enclosedOrder, type EnclosedOrder, type Target } from '../domain/enclosed-order.ts';
import { placeScripts } from './sandbox-scripts.ts';
import type { EnclosedAnswer, EnclosedWish, Enclosure, ProfileFindings } from '../ports.ts';

const REACH_MS = 3_000;
/** Folders of the machine's local services: sockets there lead out of any network namespace. */
const SOCKET_FOLDERS = ['/run', '/var/run'];

/**
 * Namespaces of the kernel: no network but an own loopback, restored places over the original ones, and privileges given
 * up before anything of the application runs.
 */
export function enclosureOf(requireSecret: Host['requireSecret']): Enclosure {
  return {
    async ask(wish, signal) {
      const { spec, sandbox, application } = wish;
      if (process.platform !== 'linux')
        return { enclosed: false, reason: `namespaces are not known on ${process.platform}` };
      const code = join(sandbox.folder, 'app');
      await copyCode(application.root, code, new Set(sandbox.places.map(({ from }) => from)));
      const mounts = await planMounts(wish, code);
      const addresses = [spec.database.url, spec.database.restoreUrl ?? spec.database.url].map((ref) =>
        parseAddress(requireSecret(ref)),
      );
      const scripts = join(sandbox.folder, 'scripts');
      await mkdir(scripts, { recursive: true });
      await placeScripts(scripts);
      await using host = await listenOnHost();
      const forbidden = unique([...addresses.map(targetOf), host.target]);
      const outside = await Promise.all(forbidden.map(reaches));
      const folders = addresses.flatMap(({ host: at }) => (at.startsWith('/') ? [at] : []));
      const hide = [...SOCKET_FOLDERS, ...folders].filter(
        (folder) => ![sandbox.folder, wish.socket.folder].some((own) => `${own}/`.startsWith(`${folder}/`)),
      );
      const order = enclosedOrder({
        wish,
        mounts,
        forbidden,
        hide,
        path: searchPath(application.python),
        checker: `${scripts}/`,
      });
      await writeFile(order.files.order, JSON.stringify(order.profile), { mode: 0o600 });
      const seen = await runEnclosed(
        [application.python, '-I', join(scripts, 'enclose.py')],
        order.enclosed,
        signal,
      );
      if (!seen.enclosed) return seen;
      const probes = seen.probes.map(({ reached, said }, at) => ({
        target: nameOf(forbidden[at]!),
        reached,
        said,
        answersOutside: outside[at]!,
      }));
      if (probes.some(({ reached }) => reached)) return { enclosed: true, probes };
      return { enclosed: true, probes, found: await foundOf(seen, order, spec.profile === 'django') };
    },
  };
}

/** Code is copied, declared places are not: their restored content lies over the copy. */
async function copyCode(from: string, to: string, leftOut: ReadonlySet<string>): Promise<void> {
  await cp(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    async filter(source) {
      if (leftOut.has(source)) return false;
      const kind = await lstat(source);
      return kind.isFile() || kind.isDirectory() || kind.isSymbolicLink();
    },
  });
}

/** The code's copy first; then each restored place, where there is something to lie over. */
async function planMounts({ application, sandbox }: EnclosedWish, code: string) {
  const mounts = [{ from: code, over: application.root }];
  for (const { from, to, single } of sandbox.places) {
    if (!(await exists(to))) await (single ? writeFile(to, '') : mkdir(to));
    const inside = relative(application.root, from);
    if (!inside.startsWith('..')) await makeTarget(join(code, inside), single);
    else if (!(await exists(from))) continue;
    mounts.push({ from: to, over: from });
  }
  return mounts;
}

async function makeTarget(path: string, single: boolean): Promise<void> {
  await mkdir(single ? dirname(path) : path, { recursive: true });
  if (single) await writeFile(path, '');
}

interface Raw {
  readonly enclosed: true;
  readonly probes: readonly { readonly reached: boolean; readonly said: string }[];
  readonly programs?: Readonly<Record<string, string | null>>;
  readonly commands?: readonly { readonly exit: number; readonly said: string }[];
  readonly pages?: readonly { readonly status: number; readonly said: string }[];
}

async function runEnclosed(
  command: readonly string[],
  order: EnclosedOrder['enclosed'],
  signal: AbortSignal,
): Promise<Raw | { readonly enclosed: false; readonly reason: string }> {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const words = [...user, '--net', '--mount', '--pid', '--fork', '--kill-child', '--'];
  const ended = await execa('unshare', [...words, ...command], {
    input: JSON.stringify(order),
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    extendEnv: false,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 1_000,
  });
  signal.throwIfAborted();
  if (ended.exitCode === 0 && ended.stdout !== '') return JSON.parse(ended.stdout) as Raw;
  const said =
    String(ended.stderr ?? '')
      .trim()
      .split('\n')
      .at(-1) ||
    ended.shortMessage ||
    'unshare failed';
  // The namespaces exist as soon as the script runs: what it says then is a fault, not a missing ability.
  if (/Traceback|enclose\.py/.test(String(ended.stderr)))
    throw new HoldfastError('TOOL_FAILED', { program: 'enclose.py', lastLines: said });
  return { enclosed: false, reason: said };
}

async function foundOf(
  seen: Raw,
  { files }: EnclosedOrder,
  profiled: boolean,
): Promise<NonNullable<(EnclosedAnswer & { enclosed: true })['found']>> {
  const { programs = {}, pages = [] } = seen;
  const [first, ...others] = seen.commands ?? [];
  const commands = profiled || first === undefined ? others : [first, ...others];
  if (!profiled) return { programs, commands, pages };
  const text = await readFile(files.findings, 'utf8').catch(() => '');
  const profile: ProfileFindings =
    text === ''
      ? { started: false, said: first?.said ?? '' }
      : { started: true, ...(JSON.parse(text) as Omit<ProfileFindings & { started: true }, 'started'>) };
  return { programs, commands, pages, profile };
}

/** A socket of our own on the host's loopback: the one address that surely answers outside. */
async function listenOnHost() {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const target: Target = { host: '127.0.0.1', port };
  return {
    target,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

function targetOf({ host, port }: { host: string; port: string }): Target {
  return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port: Number(port) };
}

const nameOf = (target: Target) => ('path' in target ? target.path : `${target.host}:${target.port}`);

function unique(targets: readonly Target[]): readonly Target[] {
  return [...new Map(targets.map((target) => [nameOf(target), target])).values()];
}

function reaches(target: Target): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(target);
    const end = (reached: boolean) => {
      socket.destroy();
      answer(reached);
    };
    socket.setTimeout(REACH_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function searchPath(python: string): string {
  return [dirname(python), '/usr/local/bin', '/usr/bin', '/bin', process.env['PATH'] ?? ''].join(delimiter);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
