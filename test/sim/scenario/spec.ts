/** A deployment's declaration; without a schedule nothing starts by itself. */
export function specOf(
  name: string,
  policy: { readonly schedule?: string; readonly drill?: string },
): string {
  const { schedule, drill } = policy;
  const clauses = [
    ...(schedule === undefined ? [] : [`schedule: "${schedule}"`]),
    ...(drill === undefined ? [] : [`drill: { every: ${drill} }`]),
  ];
  return `deployment: ${name}
database: { url: { env: DATABASE_URL }, name: ${name} }
files: { roots: [{ name: files, path: /${name}/files }] }
config: { envFiles: [/${name}/env] }
hooks: { stop: [[stop]], reset: [[reset]], start: [[start]] }
triggers: { edms.changed: { backup: all, debounce: 5s } }
policy: { ${clauses.join(', ')} }
`;
}
