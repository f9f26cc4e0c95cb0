/** A deployment's declaration, as short as it can be: it is read for every step. */
export function specOf(
  name: string,
  policy: { readonly schedule?: string; readonly drill?: string },
): string {
  const { schedule, drill } = policy;
  const clauses = [
    ...(schedule === undefined ? [] : [`schedule: "${schedule}"`]),
    ...(drill === undefined ? [] : [`drill: {every: ${drill}}`]),
  ];
  return `deployment: ${name}
database: {url: {env: U}, name: ${name}}
triggers: {edms.changed: {backup: all, debounce: 3s}}
${clauses.length === 0 ? '' : `policy: {${clauses.join(', ')}}\n`}`;
}
