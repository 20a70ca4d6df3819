/**
 * Draws the boxes that are in sight, and moves among them: mouse and keyboard, one focus (a roving tabindex, WAI-ARIA's
 * tree pattern). Names come in by textContent only.
 */
import type { FlameNode } from './flame-node.ts';
import { type Box, layOut } from './layout.ts';

const rowHeight = 20;
// Below this a name would be cut to nothing.
const leastTextWidth = 28;
const shades = 5;

/** What the graph must know of a node to draw it. */
export interface NodeText {
  readonly name: string;
  readonly kind: string;
  /** All of it, for a reader that cannot see the box. */
  readonly label: string;
}

export interface GraphEvents {
  textOf(node: FlameNode): NodeText;
  /** The node under the pointer or the focus. */
  onShow(node: FlameNode): void;
}

export class FlameGraph {
  readonly #host: HTMLElement;
  readonly #events: GraphEvents;
  #root: FlameNode;
  #zoom: FlameNode;
  #current: FlameNode;
  #matches: ReadonlySet<number> | undefined;
  #boxes: readonly Box[] = [];
  #drawn = new Map<FlameNode, HTMLElement>();
  #nodeOf = new WeakMap<Element, FlameNode>();

  constructor(host: HTMLElement, root: FlameNode, events: GraphEvents) {
    this.#host = host;
    this.#events = events;
    this.#root = this.#zoom = this.#current = root;
    host.addEventListener('click', (event) => this.#onClick(event));
    host.addEventListener('keydown', (event) => this.#onKey(event));
    // Not pointerover: that also comes when the graph is drawn anew under a mouse that rests.
    host.addEventListener('pointermove', (event) => this.#show(event));
    host.addEventListener('focusin', (event) => this.#show(event));
    window.addEventListener('resize', () => this.#layOut());
    window.addEventListener('scroll', () => requestAnimationFrame(() => this.#draw()), { passive: true });
    this.#layOut();
  }

  setRoot(root: FlameNode): void {
    this.#root = this.#zoom = this.#current = root;
    this.#layOut();
  }

  /** Functions to mark; undefined marks none. */
  setMatches(functions: ReadonlySet<number> | undefined): void {
    this.#matches = functions;
    this.#draw();
  }

  zoomTo(node: FlameNode): void {
    this.#zoom = node;
    this.#moveTo(node);
  }

  zoomOut(): void {
    this.zoomTo(this.#root);
  }

  #moveTo(node: FlameNode): void {
    this.#current = node;
    this.#layOut();
    this.#drawn.get(node)?.focus();
  }

  #layOut(): void {
    this.#boxes = layOut(this.#zoom, this.#current, this.#host.clientWidth);
    const rows = this.#boxes.reduce((most, { row }) => Math.max(most, row + 1), 1);
    this.#host.style.height = `${rows * rowHeight}px`;
    this.#draw();
  }

  #draw(): void {
    const hadFocus = this.#host.contains(document.activeElement);
    const { top } = this.#host.getBoundingClientRect();
    const isInSight = ({ row }: Box): boolean =>
      top + (row + 2) * rowHeight > 0 && top + (row - 1) * rowHeight < window.innerHeight;
    const boxes = this.#boxes.filter((box) => isInSight(box) || box.node === this.#current);
    this.#drawn = new Map(boxes.map((box) => [box.node, this.#element(box)]));
    this.#host.replaceChildren(...this.#drawn.values());
    if (hadFocus) this.#drawn.get(this.#current)?.focus({ preventScroll: true });
  }

  #element({ node, row, left, width }: Box): HTMLElement {
    const { name, kind, label } = this.#events.textOf(node);
    const element = document.createElement('div');
    element.className = `box ${kind} shade${node.function % shades}`;
    if (this.#matches?.has(node.function)) element.classList.add('match');
    if (node.depth < this.#zoom.depth) element.classList.add('above');
    element.style.left = `${left}px`;
    element.style.top = `${row * rowHeight}px`;
    element.style.width = `${width}px`;
    element.setAttribute('role', 'treeitem');
    element.setAttribute('aria-level', String(node.depth + 1));
    element.setAttribute('aria-label', label);
    element.setAttribute('aria-selected', String(node === this.#current));
    element.tabIndex = node === this.#current ? 0 : -1;
    if (width >= leastTextWidth) element.textContent = name;
    this.#nodeOf.set(element, node);
    return element;
  }

  #nodeAt(event: Event): FlameNode | undefined {
    return event.target instanceof Element ? this.#nodeOf.get(event.target) : undefined;
  }

  #onClick(event: Event): void {
    const node = this.#nodeAt(event);
    if (node !== undefined) this.zoomTo(node);
  }

  #show(event: Event): void {
    const node = this.#nodeAt(event);
    if (node !== undefined) this.#events.onShow(node);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const moves: Readonly<Record<string, () => FlameNode | undefined>> = {
      ArrowDown: () => this.#current.children()[0],
      ArrowUp: () => this.#current.parent,
      ArrowLeft: () => sibling(this.#current, -1),
      ArrowRight: () => sibling(this.#current, 1),
      Home: () => this.#root,
    };
    const move = moves[event.key];
    if (move !== undefined) {
      const next = move();
      // Beside or above what is zoomed in on there is nothing to see until the zoom is taken back.
      if (next !== undefined && !isWithin(next, this.#zoom)) this.#zoom = next;
      if (next !== undefined) this.#moveTo(next);
    } else if (event.key === 'Enter' || event.key === ' ') this.zoomTo(this.#current);
    else if (event.key === 'Escape' || event.key === 'Backspace') this.zoomOut();
    else return;
    event.preventDefault();
  }
}

function sibling(node: FlameNode, step: 1 | -1): FlameNode | undefined {
  const siblings = node.parent?.children() ?? [];
  return siblings[siblings.indexOf(node) + step];
}

function isWithin(node: FlameNode, zoom: FlameNode): boolean {
  for (let at: FlameNode | undefined = node; at !== undefined; at = at.parent) if (at === zoom) return true;
  return false;
}
