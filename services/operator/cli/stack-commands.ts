import type { ServiceName } from '#libs/contracts/services.ts';
import { bundleFile } from './bundled.ts';

/** How the processes of the stack are started: from the one file when this is it, else from the checkout. */
export function stackCommands(): {
  serviceCommand?: (name: ServiceName) => readonly string[];
  supervisorCommand?: readonly string[];
} {
  if (bundleFile === undefined) return {};
  const program = [process.execPath, bundleFile];
  return {
    serviceCommand: (name) => [...program, 'service', name],
    supervisorCommand: [...program, 'supervise'],
  };
}
