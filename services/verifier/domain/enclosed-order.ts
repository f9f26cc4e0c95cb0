import type { EnclosedWish } from '../ports.ts';

/** What the enclosed scripts are told (adapters/sandbox). Pure. */

export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** Documents opened per rule: a drill states its sample. */
const DOCUMENTS_SAMPLED = 200;

export interface Given {
  readonly wish: EnclosedWish;
  readonly mounts: readonly { readonly from: string; readonly over: string }[];
  readonly forbidden: readonly Target[];
  readonly hide: readonly string[];
  readonly path: string;
  /** Folder of the scripts, with a slash at its end. */
  readonly checker: string;
}

export type EnclosedOrder = ReturnType<typeof enclosedOrder>;

export function enclosedOrder({ wish, mounts, forbidden, hide, path, checker }: Given) {
  const { spec, application, sandbox, socket, seed } = wish;
  const files = {
    order: `${sandbox.folder}/tmp/order.json`,
    findings: `${sandbox.folder}/tmp/findings.json`,
  };
  const environment = {
    PATH: path,
    LANG: 'C.UTF-8',
    HOME: `${sandbox.folder}/home`,
    TMPDIR: `${sandbox.folder}/tmp`,
    PYTHONDONTWRITEBYTECODE: '1',
    ...settingsOf(wish),
    HOLDFAST_ORDER: files.order,
    HOLDFAST_FINDINGS: files.findings,
  };
  const manage = [application.python, application.manage];
  const script = `${checker}django_checks.py`;
  const builtIn = [
    ...manage,
    'shell',
    '-v',
    '0',
    '-c',
    `exec(compile(open(${JSON.stringify(script)}).read(), ${JSON.stringify(script)}, 'exec'), {'__name__': 'holdfast'})`,
  ];
  const declared = spec.checks.flatMap((check) => ('command' in check ? [check.command] : []));
  const pages = spec.checks.flatMap((check) => ('http' in check ? [check.http.url] : []));
  return {
    files,
    enclosed: {
      mounts,
      hide,
      forbidden,
      environment,
      folder: application.root,
      programs: spec.runtime.require,
      commands: spec.profile === 'django' ? [builtIn, ...declared] : declared,
      serve: application.serve ?? [],
      serveLog: `${sandbox.folder}/tmp/serve.log`,
      pages: application.serve === undefined ? [] : pages,
    },
    profile: {
      server: sandbox.serverIdentity,
      seed,
      sample: DOCUMENTS_SAMPLED,
      documents: spec.files.documents.map(({ table, path: column, sha256, root, prefix, base }) => ({
        table,
        path: column,
        sha256: sha256 ?? '',
        prefix,
        folder: `${rootOf(spec, root)}/${base}`,
      })),
    },
  };

  function settingsOf({ spec: { drill } }: EnclosedWish): Record<string, string> {
    const values: Record<string, string> = {
      database: sandbox.database,
      socket: socket.folder,
      port: String(socket.port),
    };
    return Object.fromEntries(
      Object.entries(drill.set).map(([name, text]) => [
        name,
        text.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole),
      ]),
    );
  }
}

function rootOf(spec: EnclosedWish['spec'], name: string): string {
  return spec.files.roots.find((root) => root.name === name)!.path;
}
