import { once } from 'node:events';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { openLogger } from '#libs/telemetry/logger.ts';
import { readConfig } from './config.ts';
import type { ServiceContract } from './contract.ts';
import type { BuildService } from './host.ts';
import { startService } from './start-service.ts';

/**
 * A service's whole process. Ends on SIGTERM or SIGINT, after everything it opened is closed; a second signal ends it
 * at once. The exit code is the error's own; a crash is the supervisor's to repair.
 */
export async function runService<Ports>(
  contract: ServiceContract<Ports>,
  buildService: BuildService<Ports>,
): Promise<void> {
  const stop = stopSignal();
  let log = openLogger({ service: contract.service });
  try {
    const config = readConfig(contract.service, process.env);
    log = openLogger({ service: config.service, site: config.site, level: config.logLevel });
    await using _running = await startService(contract, buildService, { config, log, signal: stop });
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
