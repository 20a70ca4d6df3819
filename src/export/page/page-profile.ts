/** The profile as it lies in the HTML file: columns as JSON, written by ../html.ts, read by the page's script. */

export interface PageProfile {
  /** By function: name, index into `modules`, index into `kinds`. */
  readonly functions: readonly (readonly [name: string, module: number, kind: number])[];
  readonly modules: readonly string[];
  readonly kinds: readonly string[];
  /** By node, a parent before its children; -1 for the root, which is node 0. */
  readonly parents: readonly number[];
  /** By node: index into `functions`. */
  readonly nodeFunctions: readonly number[];
  /** By node: time of its own, ns. */
  readonly selfNs: readonly number[];
}
