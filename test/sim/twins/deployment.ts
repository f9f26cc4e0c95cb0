import type { Token } from '#libs/contracts/stage.ts';
import { SimServer } from './database-server.ts';
import { SimTree } from './tree.ts';

/** Which state something belongs to: the original, or the restore that brought it. */
export type Tag = string;
export const ORIGINAL: Tag = 'original';

/** What a worker did to a deployment, told at the moment of the change. */
export interface Act {
  readonly deployment: string;
  readonly component: 'database' | 'files' | 'config';
  readonly token: Token;
  readonly what: string;
}

export interface TargetWatch {
  /** A worker changed something; the change is there already. */
  onAct(act: Act): void;
  /** A worker made a place under its own name, or took that away: nothing that was anybody's. */
  onOwnPlace(deployment: string, what: string): void;
  /** A kept state or a whole staged one was removed. */
  onRemoved(deployment: string, what: string, token: Token): void;
}

/** One EDMS: its database server, its trees, and whether it runs. A sandbox of a drill is one too. */
export class Deployment {
  readonly name: string;
  readonly server: SimServer;
  readonly files: SimTree;
  readonly config: SimTree;
  running = true;
  #documents = 0;

  constructor(name: string, watch: TargetWatch) {
    this.name = name;
    this.server = new SimServer(name, watch);
    this.files = new SimTree(name, 'files', watch);
    this.config = new SimTree(name, 'config', watch);
  }

  /** An EDMS that has worked for a while. */
  static original(name: string, watch: TargetWatch): Deployment {
    const made = new Deployment(name, watch);
    made.server.createOriginal(name);
    for (const child of ['env', 'settings'])
      made.config.live.set(child, { tag: ORIGINAL, content: `${name}-${child}` });
    for (let n = 0; n < 3; n += 1) made.beginDocument()?.();
    return made;
  }

  /**
   * The application saves a document as such applications do: the file first, then its row, in a session that ends when
   * it is stopped or the database is closed. Returns the second half.
   */
  beginDocument(): (() => void) | undefined {
    const database = this.server.takingConnections();
    if (!this.running || database === undefined) return undefined;
    this.#documents += 1;
    const name = `doc-${this.#documents}`;
    this.files.live.set(name, { tag: database.tag, content: name });
    return () => {
      if (this.running && this.server.takingConnections() === database && this.files.live.has(name))
        database.rows.add(name);
    };
  }

  /** What an application that starts now would work on; undefined while it cannot start. */
  mixture(): string | undefined {
    const database = this.server.takingConnections();
    if (database === undefined) return undefined;
    const tags = new Set([database.tag, ...this.files.tags(), ...this.config.tags()]);
    if (tags.size > 1) return `of ${[...tags].join(' and ')}`;
    if (this.config.live.size === 0) return 'without its configuration';
    const lost = [...database.rows].find((row) => !this.files.live.has(row));
    return lost === undefined ? undefined : `without the file of row ${lost}`;
  }
}
