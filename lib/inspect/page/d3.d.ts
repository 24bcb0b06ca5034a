/** The part of d3-hierarchy that the treemap uses: https://d3js.org/d3-hierarchy/treemap */
declare namespace d3 {
  interface Datum {
    readonly name: string;
    readonly size?: number;
    readonly children?: readonly Datum[];
  }

  interface Node {
    readonly data: Datum;
    readonly depth: number;
    readonly value: number;
    readonly children?: readonly Node[];
    readonly x0: number;
    readonly y0: number;
    readonly x1: number;
    readonly y1: number;
    sum(value: (datum: Datum) => number): this;
    sort(compare: (a: Node, b: Node) => number): this;
  }

  interface Treemap {
    (root: Node): Node;
    size(size: [number, number]): this;
    round(round: boolean): this;
    paddingInner(padding: (node: Node) => number): this;
    paddingTop(padding: (node: Node) => number): this;
  }

  function hierarchy(data: { readonly children: readonly Datum[] }): Node;
  function treemap(): Treemap;
}
