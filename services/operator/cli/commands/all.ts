import type { CommandGroup, LeafCommand } from '../command.ts';
import { audit } from './audit.ts';
import { backup } from './backup.ts';
import { backups } from './backups.ts';
import { doctor } from './doctor.ts';
import { drill } from './drill.ts';
import { down } from './down.ts';
import { emit } from './emit.ts';
import { files } from './files.ts';
import { init } from './init.ts';
import { keys } from './keys.ts';
import { prune } from './prune.ts';
import { release } from './release.ts';
import { replicate } from './replicate.ts';
import { report } from './report.ts';
import { rescue } from './rescue.ts';
import { restore } from './restore.ts';
import { rollback } from './rollback.ts';
import { runs } from './runs.ts';
import { schedules } from './schedules.ts';
import { scrub } from './scrub.ts';
import { service, supervise } from './service.ts';
import { status } from './status.ts';
import { up } from './up.ts';
import { verdicts } from './verdicts.ts';
import { verify } from './verify.ts';
import { vault } from './vault.ts';

/** Every command, in the order of the help. */
export const commands: readonly (LeafCommand | CommandGroup)[] = [
  up,
  down,
  init,
  doctor,
  backup,
  backups,
  emit,
  restore,
  rollback,
  release,
  schedules,
  status,
  verify,
  drill,
  replicate,
  scrub,
  prune,
  verdicts,
  runs,
  files,
  vault,
  report,
  keys,
  audit,
  service,
  supervise,
  rescue,
];
