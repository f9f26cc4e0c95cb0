import { once } from 'node:events';
import type { ProcessName } from '#libs/contracts/services.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { openLogger } from '#libs/telemetry/logger.ts';
import { readConfig } from './config.ts';
import type { ServiceContract } from './contract.ts';
import type { BuildService } from './host.ts';
import { startService, type Beginning } from './start-service.ts';

/** A service's whole process. */
export async function runService<Ports>(
  contract: ServiceContract<Ports>,
  buildService: BuildService<Ports>,
): Promise<void> {
  await runProcess(contract.service, (beginning) => startService(contract, buildService, beginning));
}

/**
 * Ends on SIGTERM or SIGINT, after everything that was started is closed; a second signal ends it at once. The exit code
 * is the error's own; a crash is the supervisor's to repair.
 */
export async function runProcess(
  name: ProcessName,
  start: (beginning: Beginning) => Promise<AsyncDisposable>,
): Promise<void> {
  const stop = stopSignal();
  let log = openLogger({}).child({ service: name });
  try {
    const config = readConfig(name, process.env);
    const lines = openLogger({ site: config.site, level: config.logLevel });
    log = lines.child({ service: name });
    await using _running = await start({ config, log: lines, signal: stop });
    if (!stop.aborted) await once(stop, 'abort');
    log.info(EVENTS.serviceStopping, { signal: String(stop.reason) });
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    // Stopped while it was starting: nothing is wrong.
    if (!stop.aborted) {
      log.error(EVENTS.serviceFailed, { err: error });
      process.exitCode = error.entry.exit;
    }
  }
  log.info(EVENTS.serviceStopped);
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => controller.abort(new HoldfastError('CANCELLED', { signal: name })));
  return controller.signal;
}
