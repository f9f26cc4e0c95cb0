interface Named {
  readonly schema: string;
  readonly name: string;
}

/** As a spec names it: `table` of the public schema or of the only schema that has it, or `schema.table`. Pure. */
export function findTable<T extends Named>(tables: readonly T[], wanted: string): T | undefined {
  const byName = tables.filter(({ name }) => name === wanted);
  return (
    byName.find(({ schema }) => schema === 'public') ??
    (byName.length === 1 ? byName[0] : undefined) ??
    tables.find((table) => tableText(table) === wanted)
  );
}

export function tableText({ schema, name }: Named): string {
  return `${schema}.${name}`;
}
