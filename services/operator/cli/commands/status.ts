import { parseSpec } from '#libs/contracts/spec.ts';
import type { LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { observeRpo } from '../observe-rpo.ts';
import { durationText, table } from '../text.ts';

export const status: LeafCommand = {
  name: 'status',
  summary: 'RPO observed against the objective, and the last drill, of each deployment',
  examples: ['holdfast status', 'holdfast status --json'],
  async act(_, context) {
    return await withFrontDoor(context, async (door) => {
      const declared = await door.listDeployments();
      const seen = await Promise.all(
        declared.map(({ specYaml }) => observeRpo(door, parseSpec(specYaml), context.clock.now())),
      );
      const rows = seen.map(({ deployment, rpo, drill }) => [
        deployment,
        rpo.backupId ?? 'none',
        rpo.observedMs === null ? 'no proved backup' : durationText(rpo.observedMs),
        `${rpo.objective} at L${rpo.level}`,
        rpo.met ? 'yes' : 'NO',
        drill === null ? 'never' : `${drill.state} ${drill.openedAt}`,
      ]);
      const head = ['DEPLOYMENT', 'BACKUP', 'RPO OBSERVED', 'OBJECTIVE', 'MET', 'LAST DRILL'];
      return {
        data: { deployments: seen },
        text: rows.length === 0 ? 'no deployment is declared: holdfast init --app FOLDER' : table(head, rows),
      };
    });
  },
};
