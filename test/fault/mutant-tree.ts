import { copyFile, cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';

/** Not of the product's source; packages are linked. */
const LEFT_BEHIND = new Set(['.git', 'node_modules', 'dist']);

/** A copy of the product's tree that carries one patch at a time. */
export class MutantTree {
  readonly folder: string;
  readonly #root: string;

  static async copy(root: string, into: string): Promise<MutantTree> {
    const folder = join(into, 'tree');
    await mkdir(folder);
    await cp(root, folder, {
      recursive: true,
      filter: (path) => !LEFT_BEHIND.has(relative(root, path)),
    });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return new MutantTree(root, folder);
  }

  private constructor(root: string, folder: string) {
    this.#root = root;
    this.folder = folder;
  }

  /** Undefined when it is in; a text when it does not fit, or what it makes is no program: no test would mean anything. */
  async apply(patch: string, changes: readonly string[]): Promise<string | undefined> {
    const ceiling = { GIT_CEILING_DIRECTORIES: dirname(this.folder) };
    const applied = await execa('git', ['apply', '--recount', patch], {
      cwd: this.folder,
      env: ceiling,
      reject: false,
    });
    if (applied.failed) return `the patch does not fit: ${applied.stderr}`;
    for (const change of changes) {
      const parsed = await execa(process.execPath, ['--check', change], { cwd: this.folder, reject: false });
      if (!parsed.failed) continue;
      await this.restore(changes);
      return `it is no program any more: ${parsed.stderr}`;
    }
    return undefined;
  }

  async restore(changes: readonly string[]): Promise<void> {
    for (const change of changes) await copyFile(join(this.#root, change), join(this.folder, change));
  }
}
