/** A box of a diagram. In all texts `w_0` and `w_{t+1}` write a subscript, `x^2` a superscript. */
export interface DiagramNode {
  readonly id: string;
  /** Column and row; halves are fine. Columns are as wide as their widest box. */
  readonly at: readonly [number, number];
  readonly title: string;
  /** Lines under the title. */
  readonly lines?: readonly string[];
  /** `private`: nobody else sees it; `attacker`: computed by the attacker; `step` (default): anything else. */
  readonly kind?: 'private' | 'attacker' | 'step';
}

/** An arrow between two boxes. */
export interface DiagramArrow {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** Default false. */
  readonly dashed?: boolean;
}

/** Options of `diagram`. */
export interface DiagramOptions {
  readonly title?: string;
  /** Room between columns and between rows, in pixels. Default [110, 46]. */
  readonly gap?: readonly [number, number];
}
