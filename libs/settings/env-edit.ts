/** Replaces values of an env file and keeps all else byte for byte: order, comments, indentation, quoting of others. */
export function setVariables(content: Uint8Array, values: ReadonlyMap<string, string>): Buffer {
  // Latin-1 keeps whatever bytes there are; new values come in as the bytes of their UTF-8.
  const text = Buffer.from(content).toString('latin1');
  const edited = text.replace(ASSIGNMENT, (line: string, head: string, name: string) => {
    const value = values.get(name);
    return value === undefined ? line : head + bytesOf(quoted(value));
  });
  return Buffer.from(edited, 'latin1');
}

/** Lines for variables that no file has yet. */
export function appendVariables(content: Uint8Array, values: ReadonlyMap<string, string>): Buffer {
  const text = Buffer.from(content);
  if (values.size === 0) return text;
  const ends = text.length === 0 || text.at(-1) === 0x0a;
  const lines = [...values].map(([name, value]) => `${name}=${quoted(value)}\n`);
  return Buffer.concat([text, Buffer.from(`${ends ? '' : '\n'}${lines.join('')}`)]);
}

const ASSIGNMENT =
  /^([ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*)(?:"(?:[^"\\]|\\[^])*"(?=[ \t]*(?:#.*)?$)|'[^']*'(?=[ \t]*(?:#.*)?$)|.*?(?=[ \t]+#.*$|[ \t]*$))/gm;

/** Bare where no reader could take it otherwise; single quotes where nothing is expanded; else double with escapes. */
function quoted(value: string): string {
  if (/^[\w./:@,+%-]+$/.test(value)) return value;
  if (!/['\n\r]/.test(value)) return `'${value}'`;
  return `"${value.replaceAll(/[\\"$`]/g, '\\$&')}"`;
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
