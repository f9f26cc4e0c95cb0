export interface ObjectName {
  readonly schema: string;
  readonly name: string;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** For sessions with standard_conforming_strings on, as every session of ours is. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function qualified({ schema, name }: ObjectName): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
