/**
 * The part of plotly's figure language that both the live chart and the static one speak. Anything else that plotly
 * knows may be given too: it shows in the live chart only.
 */
export type Values = ArrayLike<number> | readonly (number | string | null)[];

/** Lengths of error bars, upwards and downwards. */
export interface ErrorBars {
  readonly array?: ArrayLike<number>;
  /** Lengths downwards where they differ. */
  readonly arrayminus?: ArrayLike<number>;
}

/** One series of a chart. */
export interface Trace {
  /** Default scatter. */
  readonly type?: 'scatter' | 'bar' | 'heatmap' | 'contour' | (string & {});
  /** Default lines+markers up to 40 points, else lines. */
  readonly mode?: 'lines' | 'markers' | 'lines+markers' | 'text' | 'markers+text' | 'lines+markers+text';
  readonly name?: string;
  readonly x?: Values;
  readonly y?: Values;
  /** Rows of a heatmap or contour, from the lowest y up. */
  readonly z?: readonly ArrayLike<number>[];
  /** One label per point, or rows of labels for a heatmap. */
  readonly text?: readonly string[] | readonly (readonly string[])[];
  readonly textposition?: string;
  readonly error_y?: ErrorBars;
  readonly line?: { readonly color?: string; readonly width?: number; readonly dash?: string };
  /** One colour and size (pixels) for all points, or one for each. */
  readonly marker?: {
    readonly color?: string | readonly string[];
    readonly size?: number | readonly number[];
    readonly symbol?: string;
  };
  /** A filled band: to the x axis, to the series before, or closed on itself. */
  readonly fill?: 'tozeroy' | 'tonexty' | 'toself' | 'none';
  readonly fillcolor?: string;
  /** The line leads over missing values. */
  readonly connectgaps?: boolean;
  readonly opacity?: number;
  readonly showlegend?: boolean;
  /** `Viridis` (default), `RdBu` (blue, grey, red), `Blues`, `Greys`. */
  readonly colorscale?: string;
  readonly colorbar?: { readonly title?: Title };
  readonly showscale?: boolean;
  readonly zmin?: number;
  readonly zmax?: number;
  /** `x2`, `y2` ... place the trace in another panel of `layout.grid`. */
  readonly xaxis?: string;
  readonly yaxis?: string;
  readonly [plotly: string]: unknown;
}

/** How a series is drawn where it does not say so itself. */
export interface Look {
  readonly colour: string;
  readonly symbol: string;
  /** As plotly's `line.dash`. */
  readonly dash: string;
  /** Of bars, from 0 to 1. */
  readonly opacity: number;
}

export type Title = string | { readonly text?: string; readonly [plotly: string]: unknown };

/** One axis of a chart. */
export interface AxisLayout {
  /** Quantity and unit, e.g. `'PSNR (dB)'`. */
  readonly title?: Title;
  /** Default: category for strings, else linear. */
  readonly type?: 'linear' | 'log' | 'category' | (string & {});
  /** As plotly: on a log axis the exponents of ten. */
  readonly range?: readonly [number, number];
  readonly tickvals?: ArrayLike<number>;
  readonly ticktext?: readonly string[];
  readonly [plotly: string]: unknown;
}

/** A straight line or a box in data coordinates, or `paper` coordinates from 0 to 1. */
export interface Shape {
  readonly type: 'line' | 'rect' | (string & {});
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly xref?: string;
  readonly yref?: string;
  readonly line?: { readonly color?: string; readonly width?: number; readonly dash?: string };
  readonly fillcolor?: string;
  readonly [plotly: string]: unknown;
}

/** A few words at a point of the chart. */
export interface Annotation {
  readonly text: string;
  readonly x: number | string;
  readonly y: number | string;
  readonly xref?: string;
  readonly yref?: string;
  readonly xanchor?: 'left' | 'center' | 'right' | (string & {});
  readonly [plotly: string]: unknown;
}

/** Everything around the series. */
export interface Layout {
  readonly title?: Title;
  readonly xaxis?: AxisLayout;
  readonly yaxis?: AxisLayout;
  /** CSS pixels. Default 720 x 420. */
  readonly width?: number;
  readonly height?: number;
  readonly barmode?: 'group' | 'stack' | 'overlay' | (string & {});
  /** Several panels; traces choose theirs by `xaxis: 'x2', yaxis: 'y2'`, counted along the rows. */
  readonly grid?: { readonly rows?: number; readonly columns?: number };
  readonly showlegend?: boolean;
  readonly shapes?: readonly Shape[];
  readonly annotations?: readonly Annotation[];
  readonly [plotly: string]: unknown;
}

/** A rectangle in CSS pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}
