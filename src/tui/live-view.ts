/**
 * The live view without its screen: joins the session, the UI state and the rows, follows the data at each tick and
 * answers what the regions and the commands ask. Draws nothing and writes nothing.
 */
import type { LiveSession, SessionStatus } from '../engine/status.ts';
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { NameQuery } from '../profile/name-query.ts';
import { ThreadList } from '../profile/thread-figures.ts';
import type { Transform } from '../profile/transform.ts';
import { noticeText } from './banner.ts';
import { CallerModels } from './caller-models.ts';
import { FlameView } from './flame-view.ts';
import type { ViewedCommand } from './launched-command.ts';
import { LineHistory } from './line-history.ts';
import { Player } from './player.ts';
import { reveal } from './reveal.ts';
import { RowList } from './row-list.ts';
import { fewSamples } from './rows.ts';
import { SandwichView, sandwichSpace } from './sandwich-view.ts';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import { type Found, Search } from './search.ts';
import { SelectionFacts } from './selection-facts.ts';
import { SlicedWork } from './sliced-work.ts';
import { SourceListing } from './source-listing.ts';
import { type Action, baseOf, initialState, type UiState } from './state.ts';
import { Store } from './store.ts';
import type { Theme } from './theme.ts';
import { threadsLabel } from './thread-commands.ts';
import { ThreadHeat } from './thread-heat.ts';
import type { SuccessorOf } from './transformed-source.ts';
import { TreeSource } from './tree-source.ts';
import type { ViewFiles } from './view-files.ts';
import { type Cursor, cursorOf, type ModelName, modelOf } from './views.ts';

/** What only the owner of the terminal and of the process can do. */
export interface ViewHost {
  quit(): void;
  suspend(): void;
  /** Clears and draws everything again. */
  redraw(): void;
  /** Draws what has changed, soon. */
  paint(): void;
  /** Sends text to the terminal's clipboard. */
  copy(text: string): void;
}

const toastMs = 3000;
/** How many rows the view opens by itself. */
const mostOpenedAlone = 14;

export class LiveView {
  readonly session: LiveSession;
  readonly theme: Theme;
  readonly host: ViewHost;
  readonly store: Store;
  readonly source: TreeSource;
  readonly flame = new FlameView();
  /** Of a recording. */
  readonly player = new Player();
  readonly facts: SelectionFacts;
  readonly listing: SourceListing;
  /** The command this view was started with; undefined when it is attached to a process. */
  readonly command: ViewedCommand | undefined;
  /** Undefined where nothing can be kept. */
  readonly files: ViewFiles | undefined;
  /** What ran when the baseline was marked, the last one of any unit; undefined before the first. */
  baseline: Pick<SessionStatus, 'unit' | 'running'> | undefined;
  /** Lines the output panel has on the screen. */
  outputHeight = 1;
  /** Steady clock, in ms. */
  readonly now: () => number;
  readonly models: CallerModels;
  readonly threads: ThreadList;
  readonly threadHeat: ThreadHeat;
  readonly sandwich: SandwichView;
  /** What was looked for, and where exports went. */
  readonly finds = new LineHistory();
  readonly exports = new LineHistory();
  readonly #search: Search;
  readonly #nameWork: SlicedWork;
  readonly #boundWork: SlicedWork;
  readonly #transformWork: SlicedWork;
  readonly #historyWork: SlicedWork;
  readonly #moveWork: SlicedWork;
  /** Whose recent histories were worked out last, for what is shown of it. */
  #baseOfHistories: CallTree | undefined;
  /** Called once the transforms that were asked for are shown. */
  #onTransformed: (() => void)[] = [];
  /** The function to select as soon as the models of the view know it. */
  #carriedFunction: number | undefined;
  readonly #rowLists: Readonly<Record<ModelName, RowList>> = {
    calls: new RowList(),
    callers: new RowList(),
    functions: new RowList(),
    threads: new RowList(),
  };
  /** Lines of the body at the last frame. */
  #bodyHeight = 1;
  #lastKeyMs = Number.NEGATIVE_INFINITY;
  #toastTimer: NodeJS.Timeout | undefined;

  constructor(
    session: LiveSession,
    theme: Theme,
    size: ScreenSize,
    host: ViewHost,
    now: () => number = () => performance.now(),
    command?: ViewedCommand,
    files?: ViewFiles,
  ) {
    this.session = session;
    this.theme = theme;
    this.host = host;
    this.now = now;
    this.store = new Store(initialState(size));
    this.source = new TreeSource(() => session.profile);
    this.command = command;
    this.files = files;
    files?.onNews((line) => this.toast(line));
    this.facts = new SelectionFacts(this.source, host.paint, now);
    this.listing = new SourceListing((request, signal) => session.list(request, signal), host.paint);
    this.threads = new ThreadList(
      () => this.source.threadFigures(),
      (thread) => this.#threadFunction(thread),
    );
    this.threadHeat = new ThreadHeat(this.source, host.paint, now);
    this.sandwich = new SandwichView(now, () => host.paint());
    this.#search = new Search(now, () => host.paint());
    this.#nameWork = new SlicedWork(now, () => this.tick());
    this.#boundWork = new SlicedWork(now, () => this.#showBounded());
    this.#transformWork = new SlicedWork(now, () => this.#showTransformed());
    this.#historyWork = new SlicedWork(now, () => this.#showHistories(), false);
    this.#moveWork = new SlicedWork(now, () => {}, false);
    const models = {
      isOpen: (node: NodeId) => isOpenOrChosen(cursorOf(this.state, 'callers'), node),
      onMoved: (moves: SuccessorOf) => this.#moveCallers(moves),
      onDone: () => host.paint(),
    };
    this.models = new CallerModels(this.source.tree, models, now);
    this.tick();
  }

  get state(): UiState {
    return this.store.state;
  }

  /** The tree that the view on the screen reads. */
  get tree(): CallTree {
    if (this.model === 'threads') return this.threads;
    if (this.model === 'functions') return this.models.functions;
    return this.model === 'calls' ? this.source.tree : this.models.bottomUp;
  }

  /** Lines between the head and the details at the last frame. */
  get bodyHeight(): number {
    return this.#bodyHeight;
  }

  get model(): ModelName {
    return modelOf(this.state.structure.view);
  }

  get rows(): RowList {
    return this.#rowLists[this.model];
  }

  get status(): SessionStatus {
    return this.session.status;
  }

  /** What held in the part of a recording's time that is shown. */
  get shownStatus(): SessionStatus {
    const { span } = this.state;
    if (span.kind !== 'fixed') return this.status;
    return this.session.statusIn?.(span.from * 1e9, span.to * 1e9) ?? this.status;
  }

  dispatch(action: Action): void {
    this.store.dispatch(action);
  }

  /** A key or a click: rows are not reshuffled for a moment, and what it changed is painted at once. */
  touched(): void {
    this.#lastKeyMs = this.now();
    this.host.paint();
  }

  /** New data or a new state of the session. */
  tick(): void {
    this.#releaseDropped();
    this.followNames();
    this.followNodes();
    this.followBounds();
    this.followTransforms();
    if (this.source.hasHistoryNews) this.#followHistories();
    this.followModels();
    this.#openHottestPath();
    this.dispatch({ type: 'notice', hasNotice: this.notice() !== undefined });
    this.#refreshPanel();
    this.host.paint();
  }

  /**
   * The call tree is built anew for names that have changed, or another fold; until that is done the one there was is
   * shown. @param isUrgent without waiting until such work is due again
   */
  followNames(isUrgent = false): void {
    const isDue = isUrgent || this.#nameWork.isDue;
    if (!isDue || !this.session.profile.isOutdated) return;
    this.#nameWork.start((isOver) => {
      // Where nodes went is known for one generation back.
      this.followNodes();
      return this.session.profile.rebuild(isOver);
    });
  }

  /** After anything that may have made nodes anew: selection, open nodes and zoom follow. */
  followNodes(): void {
    const successorOf = this.source.follow();
    if (successorOf !== undefined) this.dispatch({ type: 'remap', successorOf });
    if (this.source.hasMoves && !this.#moveWork.isRunning) {
      this.#moveWork.start((isOver) => this.source.writeMoves(isOver));
    }
    if (this.source.isBounding) this.followBounds();
    if (this.source.isTransforming) this.followTransforms();
  }

  /** Models summed over the call tree follow it while a view shows them; what is zoomed into bounds them. */
  followModels(): void {
    const base = baseOf(cursorOf(this.state, 'calls'));
    if (this.model === 'calls' || this.model === 'threads') this.models.keepUp(this.source.tree, base);
    else this.models.follow(this.source.tree, base);
  }

  /** The tree of some threads or of some time follows the whole one; at once when it is another one. */
  followBounds(): void {
    const { source } = this;
    const isDue = source.isBounding
      ? !this.#boundWork.isRunning
      : source.hasBoundedNews && this.#boundWork.isDue;
    if (isDue) this.#boundWork.start((isOver) => source.bound(isOver));
  }

  /** Bounds what is shown to the threads and the time that the user has chosen. */
  setBounds(): void {
    const { threads, span, isDifference } = this.state;
    this.#releaseDropped();
    this.source.setBounds({ threads, label: threadsLabel(this, threads), span, isDifference });
    this.#boundWork.stop();
    this.followBounds();
    this.followTransforms(true);
  }

  /** The transformed tree follows the one below it. @param isUrgent without waiting until its work is due again */
  followTransforms(isUrgent = false): void {
    const { source } = this;
    const isDue = source.isTransforming
      ? !this.#transformWork.isRunning
      : source.hasNews && (isUrgent || this.#transformWork.isDue);
    if (isDue) this.#transformWork.start((isOver) => source.transform(isOver));
    this.host.paint();
  }

  /** Runs `act` on the tree with all transforms that were asked for: at once, or as soon as they are worked out. */
  whenTransformed(act: () => void): void {
    if (this.source.isTransforming) this.#onTransformed.push(act);
    else act();
  }

  /** Another stack of transforms; the tree shown stays until it has been worked out. */
  setTransforms(transforms: readonly Transform[]): void {
    this.#releaseDropped();
    this.dispatch({ type: 'transforms', transforms });
    const successorOf = this.source.setTransforms(transforms);
    this.#transformWork.stop();
    if (successorOf !== undefined) this.#moveTo(successorOf);
    this.followTransforms(true);
  }

  notice(): string | undefined {
    const { status, source, state } = this;
    return noticeText({
      status,
      isPaused: state.isPaused,
      samplesSincePause: source.samplesSincePause,
      samples: source.samples,
    });
  }

  /**
   * Brings what the view shows up to date, the selection too.
   * @param height lines of the body; without it those of the last frame
   */
  prepareBody(height = this.#bodyHeight): void {
    this.#bodyHeight = Math.max(1, height);
    if (this.model === 'callers' || this.model === 'functions') this.#prepareModels();
    if (this.state.structure.view === 'flame') this.#prepareFlame();
    else if (this.state.structure.view === 'functions') this.#prepareFunctions();
    else this.prepareRows(this.#bodyHeight);
  }

  /** Brings the rows up to date and keeps the selection on one of them. `height` is the window's, in rows. */
  prepareRows(height: number): void {
    this.rows.refresh(this.tree, this.state, this.now(), this.#lastKeyMs);
    if (this.rows.indexOf(this.state.selected) < 0) {
      this.dispatch({ type: 'select', node: this.#nearestRow(this.state.selected) });
    }
    this.rows.show(this.state.selected, height);
  }

  /** Children in the order of the screen. */
  childrenOf(node: NodeId): readonly NodeId[] {
    return this.rows.childrenOf(this.tree, this.state, node);
  }

  isOpen(node: NodeId): boolean {
    return node === baseOf(this.state) || this.state.open.has(node);
  }

  /** What is looked for now: the prompt while it is typed in, else the search in force. */
  get query(): NameQuery | undefined {
    const { state } = this;
    return state.structure.isFinding ? { text: state.prompt, isExact: false } : state.find;
  }

  /** What is known of the query in force. */
  found(): Found | undefined {
    // Functions call each other: their totals overlap, so the share is that of their places on the stacks.
    const calls = this.model === 'functions' ? this.source.tree : this.tree;
    return this.#search.follow(this.query, this.tree, calls);
  }

  /** Runs `act` with the matches of the query in force, now or as soon as they are known. */
  whenFound(act: Parameters<Search['whenFound']>[0]): void {
    if (this.found() !== undefined) this.#search.whenFound(act);
  }

  /** Says something in the footer for a few seconds. */
  toast(text: string): void {
    clearTimeout(this.#toastTimer);
    this.dispatch({ type: 'toast', text });
    this.#toastTimer = setTimeout(() => this.dispatch({ type: 'toast', text: '' }), toastMs).unref();
  }

  /** Sends text to the terminal's clipboard and says so. */
  copy(text: string, what: string): void {
    this.host.copy(text);
    this.toast(`${what} sent to the terminal's clipboard`);
  }

  close(): void {
    clearTimeout(this.#toastTimer);
    this.player.stop();
    this.models.close();
    this.#search.close();
    this.#nameWork.stop();
    this.#boundWork.stop();
    this.#transformWork.stop();
    this.#historyWork.stop();
    this.#moveWork.stop();
    this.sandwich.close();
    this.listing.close();
    this.facts.close();
    this.threadHeat.close();
  }

  /** Selects a function in the model of the view, now or when it has been worked out. */
  carryFunction(functionId: number): void {
    this.#carriedFunction = functionId;
  }

  #releaseDropped(): void {
    const readers = [this.models, this.#search, this.facts, this.sandwich];
    this.source.releaseDropped((tree) => readers.some((reader) => reader.reads(tree)));
  }

  #showBounded(): void {
    this.followTransforms(true);
    // What is made of the bounded tree comes first, and then its histories with it.
    if (!this.#transformWork.isRunning) this.#followHistories();
  }

  /** @param isOther the tree shown is another one: without waiting until the work is due again */
  #followHistories(isOther = false): void {
    const { base } = this.source;
    if (!isOther && base === this.#baseOfHistories && !this.#historyWork.isDue) return;
    this.#baseOfHistories = base;
    this.#historyWork.start((isOver) => this.source.stepHistory(isOver));
  }

  #showHistories(): void {
    this.models.refreshHistories();
    this.host.paint();
  }

  #showTransformed(): void {
    const successorOf = this.source.showTransformed();
    if (successorOf !== undefined) this.#moveTo(successorOf);
    this.host.paint();
    this.#followHistories(successorOf !== undefined);
    if (this.source.isTransforming) return;
    for (let act = this.#onTransformed.shift(); act !== undefined; act = this.#onTransformed.shift()) {
      act();
      if (this.source.isTransforming) break;
    }
  }

  /** The tree has become another one: the cursor stays in sight. */
  #moveTo(successorOf: SuccessorOf): void {
    this.dispatch({ type: 'remap', successorOf });
    this.#openHottestPath();
    if (this.state.structure.view === 'tree') reveal(this, this.state.selected);
    this.followModels();
  }

  /** Rows of the bottom-up view are the same nodes under other numbers. */
  #moveCallers(moves: SuccessorOf): void {
    this.dispatch({ type: 'remap', model: 'callers', successorOf: moves });
    this.#rowLists.callers.move(moves);
  }

  #prepareModels(): void {
    this.models.beginFrame();
    const isShowing = () => this.models.isShowing(this.source.tree, baseOf(cursorOf(this.state, 'calls')));
    if (!isShowing()) this.followModels();
    const carried = this.#carriedFunction;
    if (carried === undefined || !isShowing()) return;
    this.#carriedFunction = undefined;
    const isSame = this.tree.functionOf(this.state.selected).id === carried;
    const node = isSame ? undefined : this.#nodeOfFunction(carried);
    if (node !== undefined) this.dispatch({ type: 'select', node });
  }

  #nodeOfFunction(functionId: number): NodeId | undefined {
    return this.model === 'functions'
      ? this.models.functions.nodeOf(functionId)
      : this.models.bottomUp.topOf(functionId);
  }

  #prepareFunctions(): void {
    const { list } = sandwichSpace(this.#bodyHeight, this.sandwich.pane);
    this.prepareRows(Math.max(1, list));
    const { selected } = this.state;
    const func = selected === ROOT ? undefined : this.tree.functionOf(selected).id;
    this.sandwich.follow(this.models.shown, func);
  }

  /** A thread by the name that a search looks at: what it is called and its number. */
  #threadFunction(thread: number): ProfileFunction {
    const root = this.source.profile.tree.functionOf(ROOT);
    if (thread < 0) return root;
    const { name, tid } = this.source.profile.threads[thread] ?? { name: '', tid: '' };
    return { id: thread + 1, name: `${name} ${tid}`, module: '', kind: 'native' };
  }

  #prepareFlame(): void {
    const { state, tree } = this;
    const space = { width: lineWidth(state.structure.size), height: this.#bodyHeight };
    const base = baseOf(state);
    const node = this.flame.prepare(tree, base, state.selected, space, this.now(), this.#lastKeyMs);
    this.dispatch({ type: 'select', node });
  }

  #nearestRow(node: NodeId): NodeId {
    const base = baseOf(this.state);
    for (let at = node; at >= 0 && at < this.tree.nodeCount; at = this.tree.parentOf(at)) {
      if (this.rows.indexOf(at) >= 0) return at;
    }
    return base;
  }

  /**
   * A first screen of closed rows would say nothing: until the user opens or closes a row, the hottest path is opened,
   * and followed while first names move it, but only so many nodes in all.
   */
  #openHottestPath(): void {
    const { state, tree, source } = this;
    if (this.model !== 'calls' || state.hasOpened || source.samples < fewSamples) return;
    const path: NodeId[] = [];
    for (let node: NodeId = ROOT; state.open.size + path.length < mostOpenedAlone; ) {
      const hottest = hottestChild(tree, node);
      if (hottest === undefined || tree.totalNs(hottest) < tree.totalNs(ROOT) / 100) break;
      if (!state.open.has(node)) path.push(node);
      node = hottest;
    }
    if (path.length > 0) this.dispatch({ type: 'open', nodes: path, byUser: false });
  }

  /** An open panel shows the status of its opening, until a gate, a warning, an engine or the rate changes. */
  #refreshPanel(): void {
    const { popup } = this.state.structure;
    if (popup?.kind !== 'why' && popup?.kind !== 'engine') return;
    if (panelKey(popup.status) !== panelKey(this.status)) {
      this.dispatch({ type: 'popup', popup: { ...popup, status: this.status } });
    }
  }
}

function isOpenOrChosen({ open, selected, zoom }: Cursor, node: NodeId): boolean {
  return selected === node || open.has(node) || zoom.includes(node);
}

/** What a panel shows that must not be out of date; figures that move with each tick are not in it. */
function panelKey(status: SessionStatus): string {
  const { state, asked, planned, running, frequencyHz, switching, gates, engines, warnings } = status;
  return JSON.stringify([state, asked, planned, running, frequencyHz, switching, gates, engines, warnings]);
}

/** The child with the largest total; the first one seen among equals. */
export function hottestChild(tree: CallTree, node: NodeId): NodeId | undefined {
  let hottest: NodeId | undefined;
  for (const child of tree.childrenOf(node)) {
    if (hottest === undefined || tree.totalNs(child) > tree.totalNs(hottest)) hottest = child;
  }
  return hottest;
}
