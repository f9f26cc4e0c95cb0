import type { ContentHash } from '#libs/contracts/database-snapshot.ts';

/** A row of pg_type. */
export interface TypeFact {
  readonly oid: string;
  readonly name: string;
  readonly builtIn: boolean;
  /** typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  /** Element type of a true array, otherwise '0'. */
  readonly element: string;
  /** Base type of a domain, otherwise '0'. */
  readonly base: string;
}

/** Their binary form and their hash depend neither on this database's object ids nor on its locale. */
const PORTABLE = new Set(
  (
    'bool int2 int4 int8 float4 float8 numeric text varchar bpchar char name bytea date time timetz timestamp ' +
    'timestamptz interval uuid jsonb inet cidr macaddr macaddr8'
  ).split(' '),
);
/** hash_record_extended came with PostgreSQL 14. */
const RECORD_HASH_SINCE = 14;

export function copyFormat(
  types: ReadonlyMap<string, TypeFact>,
  columns: readonly string[],
): 'binary' | 'text' {
  // An enum travels as its label; inside an array or a composite the type's object id travels with it.
  const fits = (oid: string) => isPortable(types, oid) || types.get(baseOf(types, oid))?.kind === 'e';
  return columns.every(fits) ? 'binary' : 'text';
}

/** An enum's hash is that of its object id, so it means nothing in another database. */
export function hashAlgorithm(
  types: ReadonlyMap<string, TypeFact>,
  columns: readonly string[],
  serverMajor: number,
): ContentHash['algorithm'] {
  const fits = columns.length > 0 && columns.every((oid) => isPortable(types, oid));
  return fits && serverMajor >= RECORD_HASH_SINCE ? 'mixed-record' : 'text';
}

function isPortable(types: ReadonlyMap<string, TypeFact>, oid: string): boolean {
  const type = types.get(baseOf(types, oid));
  if (type === undefined) return false;
  if (type.element !== '0') {
    const element = types.get(type.element);
    return element?.builtIn === true && element.kind === 'b' && PORTABLE.has(element.name);
  }
  return type.builtIn && type.kind === 'b' && PORTABLE.has(type.name);
}

function baseOf(types: ReadonlyMap<string, TypeFact>, oid: string): string {
  const type = types.get(oid);
  return type?.kind === 'd' ? baseOf(types, type.base) : oid;
}
