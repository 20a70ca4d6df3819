/**
 * The process picker without its screen: which processes are listed, which one is under the cursor, and what is known
 * of it. The cursor stays on its process while the list is read anew and sorted.
 */
import type { ProcessRow } from '../engine/process-list.ts';
import type { ProcessLook } from '../engine/process-look.ts';
import { type CommandOf, commandEverywhere, commandOf } from './keys/keymap.ts';
import { editText, pasteText } from './line-edit.ts';
import { narrows } from './narrow.ts';

/** What the picker reads; made by the command line. */
export interface ProcessSource {
  /** Every process now. */
  read(nowMs: number): readonly ProcessRow[];
  /** What would run on one; a few ms. Undefined when it is no more. */
  look(pid: number): ProcessLook | undefined;
}

export interface PickerHost {
  pick(pid: number): void;
  quit(): void;
  suspend(): void;
  redraw(): void;
  copy(text: string): void;
}

/** A list must not be reshuffled under a moving cursor. */
const stillMs = 1000;

export class Picker {
  filter = '';
  /** Says something for the next frames, until a key. */
  message = '';
  /** Rows the screen has for processes. */
  height = 1;
  top = 0;
  readonly #source: ProcessSource;
  readonly #host: PickerHost;
  #all: readonly ProcessRow[] = [];
  #order = new Map<number, number>();
  #narrowed:
    | {
        readonly of: readonly ProcessRow[];
        readonly filter: string;
        readonly rows: readonly ProcessRow[];
      }
    | undefined;
  #selected: number | undefined;
  #keyAtMs = Number.NEGATIVE_INFINITY;
  readonly #looks = new Map<number, ProcessLook>();

  constructor(source: ProcessSource, host: PickerHost) {
    this.#source = source;
    this.#host = host;
  }

  get total(): number {
    return this.#all.length;
  }

  /** Those that the filter leaves, hottest first. A frame asks for them once a row: worked out once a change. */
  get rows(): readonly ProcessRow[] {
    const { filter } = this;
    const known = this.#narrowed;
    if (known?.of === this.#all && known.filter === filter) return known.rows;
    const rows = this.#all.filter(({ pid, user, container, runtime, command, name }) =>
      narrows(filter, `${pid} ${user} ${container} ${runtime} ${name} ${command}`),
    );
    this.#narrowed = { of: this.#all, filter, rows };
    return rows;
  }

  get selected(): ProcessRow | undefined {
    const { rows } = this;
    return rows.find(({ pid }) => pid === this.#selected) ?? rows[0];
  }

  /** What is known of a process so far. */
  lookOf(pid: number): ProcessLook | undefined {
    return this.#looks.get(pid);
  }

  /** Reads the list anew; what was looked at is looked at again when the cursor is on it. */
  refresh(nowMs: number): void {
    const rows = this.#source.read(nowMs);
    const isMoving = nowMs - this.#keyAtMs < stillMs;
    const rank = ({ pid }: ProcessRow) => this.#order.get(pid) ?? Number.MAX_SAFE_INTEGER;
    this.#all = isMoving ? [...rows].sort((a, b) => rank(a) - rank(b)) : [...rows].sort(byHeat);
    this.#order = new Map(this.#all.map(({ pid }, at) => [pid, at]));
    for (const pid of this.#looks.keys()) if (!this.#order.has(pid)) this.#looks.delete(pid);
  }

  /** Looks at the process under the cursor. */
  look(): void {
    const { selected } = this;
    if (selected !== undefined) this.#lookAt(selected);
  }

  #lookAt({ pid }: ProcessRow): ProcessLook | undefined {
    const look = this.#source.look(pid);
    if (look === undefined) this.#looks.delete(pid);
    else this.#looks.set(pid, look);
    return look;
  }

  paste(text: string): void {
    this.filter = pasteText(this.filter, text);
  }

  key(key: string, nowMs: number): void {
    this.#keyAtMs = nowMs;
    this.message = '';
    const everywhere = commandEverywhere(key);
    if (everywhere !== undefined) {
      this.#host[everywhere]();
      return;
    }
    const command = commandOf('picker', key);
    const edited = command === undefined ? editText(this.filter, key) : undefined;
    if (command !== undefined) this.#commands[command]();
    else if (edited !== undefined) this.filter = edited;
  }

  /** Moves the cursor; the window follows at the next frame. */
  move(rows: number): void {
    const { rows: shown, selected } = this;
    const at = shown.findIndex(({ pid }) => pid === selected?.pid);
    this.#selected = shown[Math.max(0, Math.min(shown.length - 1, at + rows))]?.pid;
  }

  /** A click selects; a click on the selected row picks it. */
  click(line: number): void {
    const row = this.rows[this.top + line];
    if (row === undefined) return;
    if (row.pid === this.selected?.pid) this.#pick(row);
    this.#selected = row.pid;
  }

  /** The rows of the window, the cursor among them. */
  window(height: number): readonly ProcessRow[] {
    const { rows } = this;
    this.height = Math.max(1, height);
    const at = Math.max(
      0,
      rows.findIndex(({ pid }) => pid === this.selected?.pid),
    );
    this.top = Math.max(0, Math.min(this.top, at, rows.length - this.height));
    this.top = Math.max(this.top, at - this.height + 1);
    return rows.slice(this.top, this.top + this.height);
  }

  readonly #commands: Readonly<Record<CommandOf<'picker'>, () => void>> = {
    down: () => this.move(1),
    up: () => this.move(-1),
    'half-down': () => this.move(Math.ceil(this.height / 2)),
    'half-up': () => this.move(-Math.ceil(this.height / 2)),
    first: () => this.move(-Number.MAX_SAFE_INTEGER),
    last: () => this.move(Number.MAX_SAFE_INTEGER),
    pick: () => this.#pick(this.selected),
    'copy-cure': () => this.#copyCure(),
    leave: () => {
      if (this.filter === '') this.#host.quit();
      else this.filter = '';
    },
  };

  /** Where nothing can run there is nothing to show but why: the list stays, and its lines below say it. */
  #pick(row: ProcessRow | undefined): void {
    if (row === undefined) {
      this.message = 'no process to pick';
      return;
    }
    const look = this.#lookAt(row);
    if (look === undefined) this.message = `${row.name} [${row.pid}] has ended`;
    else if (look.runs !== undefined) this.#host.pick(row.pid);
    else this.message = `no engine can run on ${row.name} [${row.pid}]: ^Y copies what would help`;
  }

  #copyCure(): void {
    const { selected } = this;
    const limits = selected === undefined ? [] : (this.lookOf(selected.pid)?.limits ?? []);
    const cure = limits.find((limit) => limit.cure !== undefined)?.cure;
    if (cure === undefined) {
      this.message = 'there is no cure to copy';
      return;
    }
    this.#host.copy(cure);
    this.message = "cure sent to the terminal's clipboard";
  }
}

/** By CPU now; before there are two readings by CPU so far. Ties keep an order of their own. */
function byHeat(a: ProcessRow, b: ProcessRow): number {
  const heat = (b.cpuShare ?? 0) - (a.cpuShare ?? 0);
  return heat || b.cpuTimeNs - a.cpuTimeNs || a.pid - b.pid;
}
