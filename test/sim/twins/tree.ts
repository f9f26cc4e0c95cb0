import { HoldfastError } from '#libs/kernel/errors.ts';
import { showToken } from './token.ts';
import type { Tag, TargetWatch } from './deployment.ts';
import type { Token } from '#libs/contracts/stage.ts';

export interface Child {
  readonly tag: Tag;
  readonly content: string;
}

export type Phase =
  | 'staging'
  | 'staged'
  | 'clearing'
  | 'placing'
  | 'done'
  | 'unplacing'
  | 'unclearing'
  | 'undone';

export interface Place {
  phase: Phase;
  /** The name under which it was made: who acts on it later renames it. */
  readonly filledAs: string;
  readonly fresh: Map<string, Child>;
  readonly old: Map<string, Child>;
}

type Folder = 'live' | 'fresh' | 'old';

/** A root with its children, and the staging places of runs below it. Each call is one system call of a file system. */
export class SimTree {
  readonly live = new Map<string, Child>();
  readonly places = new Map<string, Place>();
  readonly component: 'files' | 'config';
  readonly #deployment: string;
  readonly #watch: TargetWatch;

  constructor(deployment: string, component: 'files' | 'config', watch: TargetWatch) {
    this.#deployment = deployment;
    this.component = component;
    this.#watch = watch;
  }

  tags(): readonly Tag[] {
    return [...this.live.values()].map(({ tag }) => tag);
  }

  makePlace(name: string): void {
    if (this.places.has(name)) throw failed(`${name} exists`);
    this.places.set(name, {
      phase: 'staging',
      filledAs: name,
      fresh: new Map(),
      old: new Map(),
    });
    this.#watch.onOwnPlace(this.#deployment, `make ${name}`);
  }

  /** One that holds nothing yet. */
  abandonPlace(name: string, token: Token): void {
    if (this.#require(name).phase !== 'staging') throw failed(`${name} is filled`);
    this.places.delete(name);
    this.#watch.onOwnPlace(this.#deployment, `abandon ${name} of ${showToken(token)}`);
  }

  renamePlace(from: string, to: string, token: Token): void {
    const place = this.#require(from);
    if (this.places.has(to)) throw failed(`${to} exists`);
    this.places.delete(from);
    this.places.set(to, place);
    this.#act(token, `${from} → ${to}`);
  }

  write(name: string, child: string, content: Child, token: Token): void {
    this.#require(name).fresh.set(child, content);
    this.#act(token, `write ${name}/new/${child}`);
  }

  setPhase(name: string, phase: Phase, token: Token): void {
    this.#require(name).phase = phase;
    this.#act(token, `${name} is ${phase}`);
  }

  move(name: string, child: string, from: Folder, to: Folder, token: Token): void {
    const place = this.#require(name);
    const folders = { live: this.live, fresh: place.fresh, old: place.old };
    const moved = folders[from].get(child);
    if (moved === undefined) throw gone(`${name}: ${child} is not in ${from}`);
    if (folders[to].has(child)) throw failed(`${child} was written during the switch`);
    folders[from].delete(child);
    folders[to].set(child, moved);
    this.#act(token, `${name}: ${child} ${from} → ${to}`);
  }

  removePlace(name: string, token: Token): void {
    this.#require(name);
    this.places.delete(name);
    this.#act(token, `remove ${name}`);
    this.#watch.onRemoved(this.#deployment, name, token);
  }

  phaseOf(name: string): Phase {
    return this.#require(name).phase;
  }

  childrenOf(name: string, folder: Folder): readonly string[] {
    const place = this.#require(name);
    return [...(folder === 'live' ? this.live : place[folder]).keys()];
  }

  #require(name: string): Place {
    const place = this.places.get(name);
    if (place === undefined) throw gone(`${name} is not there`);
    return place;
  }

  #act(token: Token, what: string): void {
    this.#watch.onAct({ deployment: this.#deployment, component: this.component, token, what });
  }
}

function gone(reason: string): HoldfastError {
  return new HoldfastError('STAGE_GONE', { reason });
}

function failed(reason: string): HoldfastError {
  return new HoldfastError('STEP_FAILED', { reason });
}
