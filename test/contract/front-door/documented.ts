import assert from 'node:assert/strict';
import { execa } from 'execa';
import { globSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { findTool } from '#deploy/local/tools.ts';
import type { Fields } from './outside-client.ts';
import type { DoorScene, Drive } from './scene.ts';

/** What a person sees who pastes the lines of the docs. */
export const documented: Readonly<Record<string, Drive>> = {
  'the grpcurl lines of the docs do what they say, one after the other': async (door) => {
    const said: (Spoken & { command: string })[] = [];
    const values: Record<string, string> = { 'records-eu': door.deployment };
    for (const line of documentedLines()) {
      const spoken = await paste(door, line, values);
      said.push({ ...spoken, command: line.command });
      Object.assign(values, namesIn(spoken.stdout));
    }
    assert.ok(said.length >= 14, `only ${said.length} lines were read`);
    const out = (part: string) => said.find(({ command }) => command.includes(part))!.stdout;
    const [refused, ...more] = said.filter(({ exitCode }) => exitCode !== 0);
    assert.deepEqual(more, []);

    assert.match(out('$A list'), /^holdfast\.coordinator\.v1\.RestoreService$/m);
    assert.match(out('$A describe'), /string request_id = 2;/);
    for (const part of ['$A grpc.health', 'db-snapshot) grpc.health'])
      assert.match(out(part), /"status": "SERVING"/);
    assert.match(out('RunService/GetRun'), /"state": "completed"/);
    assert.match(out('BackupService/ListBackups'), /"completeness": "complete"/);
    assert.match(out('RunService/ListRuns'), /"kind": "backup"/);
    assert.match(out('RestoreService/PlanRestore'), /"planDigest": "[0-9a-f]{64}"/);
    assert.match(out('RestoreService/StartRestore'), /"kind": "restore"/);
    assert.match(out('RunService/CancelRun'), /"kind": "restore"/);
    const entries = (text: string) => [...text.matchAll(/"sequence": (\d+)/g)].map(([, n]) => Number(n));
    const whole = entries(out('RunService/WatchRun'));
    assert.deepEqual(
      whole,
      whole.map((_, index) => index + 1),
    );
    assert.deepEqual(entries(out('after_sequence')), whole.slice(3));

    // The one line that shows how a refusal looks: code, reason, variables, remedy.
    for (const part of [
      /Code: NotFound/,
      /"@type": "type.googleapis.com\/google.rpc.ErrorInfo"/,
      /"reason": "DEPLOYMENT_NOT_FOUND"/,
      /"deployment": "nowhere"/,
      /"message": "no such deployment: deployment=nowhere; .*holdfast init/,
    ])
      assert.match(refused!.stderr, part);
  },
};

interface Line {
  readonly command: string;
  /** Assignments and functions of its page, before it. */
  readonly before: readonly string[];
}

interface Spoken {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of every page and its code blocks. */
function documentedLines(): readonly Line[] {
  const pages = globSync('**/*.md', { exclude: ['**/node_modules/**', '**/.holdfast/**'] });
  return pages.flatMap((page) => {
    const blocks = readFileSync(page, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm);
    const lines = [...blocks].flatMap(([, block]) => block!.split('\n'));
    const isSetting = (line: string) =>
      /^(export )?\w+=|^\w+\(\) \{/.test(line) && !line.includes('HOLDFAST_HOME=');
    return lines.flatMap((command, at) =>
      command.startsWith('grpcurl ') ? [{ command, before: lines.slice(0, at).filter(isSetting) }] : [],
    );
  });
}

/** The names that stand for what an earlier line printed get its value. */
async function paste({ scene }: DoorScene, { command, before }: Line, values: Fields): Promise<Spoken> {
  const { folder } = await findTool('grpcurl');
  const filled = Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(name, value),
    command,
  );
  const { exitCode, stdout, stderr } = await execa('bash', ['-c', [...before, filled].join('\n')], {
    env: { HOLDFAST_HOME: scene.stack.home, PATH: `${folder}${delimiter}${process.env['PATH']}` },
    reject: false,
  });
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

function namesIn(stdout: string): Fields {
  const first = (field: string) => new RegExp(`"${field}": "([^"]+)"`).exec(stdout)?.[1];
  const found = { RUN: first('runId'), BACKUP: first('backupId'), DIGEST: first('planDigest') };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}
