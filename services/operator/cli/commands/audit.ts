import { EXIT } from '#libs/kernel/catalogue.ts';
import { listDeployments } from '#libs/runtime/spec-store.ts';
import { auditRecords, type Audit } from '#libs/saga/audit.ts';
import type { LeafCommand } from '../command.ts';
import { chosenStore, STORE_OPTION } from '../store-choice.ts';
import { withStore } from '../store-for-now.ts';
import { table } from '../text.ts';

export const audit: LeafCommand = {
  name: 'audit',
  summary: 'read all logs and journals of a store and prove their chains; no stack, no key',
  options: [STORE_OPTION],
  examples: ['holdfast audit', 'node holdfast.mjs audit --store /mnt/store --json'],
  async act(input, context) {
    const { signal } = context.interrupts;
    return await withStore(await chosenStore(input, context), context, async (store) => {
      const found = await auditRecords(store, await listDeployments(store, { signal }), { signal });
      return {
        data: { store: store.name, ok: found.broken.length === 0, ...found },
        text: auditText(found),
        exit: found.broken.length === 0 ? EXIT.good : EXIT.failed,
      };
    });
  },
};

function auditText({ logs, journals, journalEntries, broken }: Audit): string {
  const parts = [
    ...(logs.length === 0
      ? ['the store holds no log']
      : [
          table(
            ['LOG OF', 'ENTRIES', 'HEAD'],
            logs.map(({ deployment, entries, head }) => [deployment, String(entries), head]),
          ),
        ]),
    `${journals} journals of ${journalEntries} entries`,
    broken.length === 0
      ? 'every chain holds'
      : ['BROKEN', ...broken.map(({ object, reason }) => `${object} ${reason}`)].join('\n'),
  ];
  return parts.join('\n\n');
}
