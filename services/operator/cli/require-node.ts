/** Comes first of all that is loaded: what follows uses what older ones lack (zstd, create-only copies, file globs). */
const WANTED = [22, 15] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  process.stderr.write(
    `holdfast needs Node ${WANTED.join('.')} or newer; this is ${process.versions.node}\n`,
  );
  process.exit(4);
}
