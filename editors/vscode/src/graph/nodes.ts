// Which node of the drawing stands for a place of the program.

/** What a node of the drawing says of its source. */
export interface Node {
  start: number;
  end: number;
  /** From 1. */
  line: number;
}

/** The nodes that begin where the server says, the narrowest of them where several do. */
export function nodesFrom<N extends Node>(nodes: readonly N[], start: number): N[] {
  return narrowest(nodes.filter((node) => node.start === start));
}

/**
 * The nodes for the cursor: those whose source holds it most narrowly, which are several where a block is used more
 * than once; else those that begin on its line; else none.
 */
export function nodesAt<N extends Node>(nodes: readonly N[], offset: number, line: number): N[] {
  const around = nodes.filter(({ start, end }) => start <= offset && offset <= end);
  if (around.length > 0) {
    const found = narrowest(around);
    // Between `a` and `b` of `a|b` the cursor touches both; what begins there is what was meant.
    const beginning = found.filter(({ start }) => start === offset);
    return beginning.length > 0 ? beginning : found;
  }
  return nodes.filter((node) => node.line === line);
}

function narrowest<N extends Node>(nodes: readonly N[]): N[] {
  const least = Math.min(...nodes.map(({ start, end }) => end - start));
  return nodes.filter(({ start, end }) => end - start === least);
}
