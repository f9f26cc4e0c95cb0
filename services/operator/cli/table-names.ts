import { HoldfastError } from '#libs/kernel/errors.ts';

export interface TableName {
  /** Absent: the one of `public`, or the only one of that name. */
  readonly schema?: string;
  readonly name: string;
}

/**
 * Names with commas between them, as SQL has them: `"` around what holds a dot, a comma or a quote, `""` for a quote
 * itself. Letters stay as they are. Throws USAGE. Pure.
 */
export function parseTableNames(text: string): readonly TableName[] {
  const part = /\s*(?:"((?:[^"]|"")+)"|([^",.]+))/y;
  const names: TableName[] = [];
  let parts: string[] = [];
  for (let at = 0; ;) {
    part.lastIndex = at;
    const [all = '', quoted, plain = ''] = part.exec(text) ?? [];
    const found = quoted?.replaceAll('""', '"') ?? plain.trim();
    const between = text.slice(at + all.length).match(/^\s*([.,]?)/)!;
    at += all.length + between[0].length;
    parts.push(found);
    const ended = at === text.length && between[1] === '';
    if (found === '' || parts.length > 2 || (between[1] === '' && !ended))
      throw new HoldfastError('USAGE', {
        option: '--tables',
        seen: text,
        wanted: 'TABLE or SCHEMA.TABLE, with commas between them',
      });
    if (between[1] === '.') continue;
    const [schema, name] = parts;
    names.push(name === undefined ? { name: schema! } : { schema: schema!, name });
    parts = [];
    if (ended) return names;
  }
}
