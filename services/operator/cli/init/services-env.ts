import { open, readFile, rename } from 'node:fs/promises';

/** Puts NAME=value into the file, or changes it there; the other lines stay as they are. 0600, replaced whole. */
export async function writeSecret(file: string, name: string, value: string): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => '');
  const lines = before.split('\n').filter((line, at, all) => at < all.length - 1 || line !== '');
  const kept = lines.filter((line) => !new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(line));
  const next = `${file}.new`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(`${[...kept, `${name}=${value}`].join('\n')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}
