/* oxlint-disable no-console -- the entry point of a person's command */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/**
 * `node deploy/grafana/ask-jaeger.ts http://127.0.0.1:16686 DEPLOYMENT`: asks a Jaeger what the panels of the
 * dashboard ask, and says how many traces each would show.
 */
const [jaeger = 'http://127.0.0.1:16686', deployment = 'reference'] = process.argv.slice(2);
const target = z.object({
  service: z.string().optional(),
  operation: z.string().optional(),
  tags: z.string().default(''),
});
const board = z
  .object({ panels: z.array(z.object({ title: z.string(), targets: z.array(target) })) })
  .parse(JSON.parse(await readFile(new URL('disaster-recovery.json', import.meta.url), 'utf8')));
const found = z.object({ data: z.array(z.unknown()).nullable() });

for (const { title, targets } of board.panels)
  for (const { service, operation, tags } of targets) {
    if (service === undefined || operation === undefined) continue;
    const pairs = tags.replace('$deployment', deployment).split(' ').filter(Boolean);
    const asked = new URLSearchParams({
      service,
      operation,
      lookback: '7d',
      tags: JSON.stringify(Object.fromEntries(pairs.map((pair) => pair.split('=')))),
    });
    const answer = await fetch(`${jaeger}/api/traces?${asked.toString()}`);
    if (!answer.ok) throw new Error(`${jaeger} answered ${answer.status}: ${await answer.text()}`);
    const traces = found.parse(await answer.json()).data ?? [];
    console.log(`${title}: ${operation} ${pairs.join(' ')}: ${traces.length}`);
  }
