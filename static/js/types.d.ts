// Shapes that several modules share: what the service answers, and what the chart draws.

/** A point on the axis: milliseconds since 1970 UTC, or a position where a series has no times. */
type AxisValue = number;

/** Columns of equal length, one row a point that is drawn, `x` increasing. */
interface Rows {
  x: Float64Array;
  /** NaN where missing. */
  values: Float64Array;
  /** Position of each row in the series; absent: row k is point k. */
  positions?: Int32Array;
  /** Absent before a detection, as `lower`, `upper` and `score`. */
  expected?: Float64Array;
  lower?: Float64Array;
  upper?: Float64Array;
  score?: Float64Array;
  /** Rows that are anomalies. */
  flagged: Int32Array;
  /** Of those, the worst of each event. */
  peaks: Int32Array;
  /** Rows after a gap. */
  gaps: Int32Array;
  /** The interval that was requested. */
  from: AxisValue;
  to: AxisValue;
  /** Of a bucket; 0: no point of the interval is left out. */
  width: number;
  /** Whether these are rows of an earlier detection. */
  stale?: boolean;
  /** Of a stream: the name of the detector that scored each row. */
  judgedBy?: (string | undefined)[];
}

/** Where the points of a series come from. */
interface RowSource {
  extent: [AxisValue, AxisValue];
  /** Where all points are in memory; `window` is not called then. */
  rows?: Rows;
  window?(from: AxisValue, to: AxisValue, buckets: number, signal: AbortSignal): Promise<Rows>;
}

/** A half-open interval of positions. */
interface Interval {
  start: number;
  stop: number;
}

/** A run of anomalies, of a detection or of a stream. */
interface AnomalyEvent extends Interval {
  id?: string;
  peak: number;
  start_time?: number | null;
  stop_time?: number | null;
  peak_time?: number | null;
  direction: "above" | "below" | "shape";
  severity: number;
  value: number | null;
  expected: number | null;
  explanation: string;
  /** The scorer that contributed most, and its window in points. */
  top_scorer?: string | null;
  window?: number | null;
  /** Whether the next anomaly would still belong to it. */
  open?: boolean;
  /** Of a stream: how many points are anomalies, and seconds from the first to the last. */
  anomalies?: number;
  seconds?: number | null;
  /** Of a stream: its first and last point on the axis. */
  from?: AxisValue;
  to?: AxisValue;
}

interface Label extends Interval {
  kind: "anomaly" | "normal";
  note?: string;
  start_time?: number | null;
  stop_time?: number | null;
}

/** Something that the chart shades: a label, or a fault injected into a demo. */
type ShadedInterval = Interval & { kind: string; start_time?: number | null; stop_time?: number | null };

/** A stored dataset, as GET /api/v1/series/{id}?times=ms answers. */
interface SeriesInfo {
  id: string;
  name: string;
  points: number;
  columns: string[];
  column: string;
  time_column: string | null;
  start: number | null;
  stop: number | null;
  step_seconds: number | null;
  date_order?: { order: string; by: string; message: string } | null;
  repairs?: { message: string; lines?: number[]; count?: number }[];
  gaps?: number;
  /** Missing values of each column. */
  missing?: Record<string, number>;
  created?: number;
}

interface EventFilter {
  direction: string;
  min_abs_deviation: number;
  min_rel_deviation: number;
  min_points: number;
}

interface DetectionSummary {
  points: number;
  missing: number;
  warm_up: number;
  events: number;
  anomalies: number;
  period?: number | null;
  seconds?: Record<string, number>;
  notes?: { code: string; message: string }[];
}

/** A detection that is done, as GET /api/v1/detections/{id}?times=ms answers. */
interface Detection {
  id: string;
  status: string;
  column: string;
  detector: string;
  params: Record<string, number>;
  event_filter: EventFilter;
  threshold: number;
  summary: DetectionSummary;
  events: AnomalyEvent[];
}

interface Param {
  name: string;
  type: string;
  default: number;
  minimum: number;
  maximum: number;
  unit?: string | null;
  help: string;
}

interface DetectorInfo {
  name: string;
  title: string;
  help: string;
  params: Param[];
}

/** Where the data of the page came from: a file, or the demo. */
interface DataSource {
  kind: "file" | "demo";
  name: string;
  file?: File;
  /** Of a demo: kind, points, seed. */
  query?: Record<string, string>;
  /** Of a demo: what the service answered, until it is uploaded. */
  answer?: any;
  options: Record<string, string | undefined>;
}

/** How a series lies on the axis. */
interface Axis {
  hasTimes: boolean;
  extent: [AxisValue, AxisValue];
  /** Between neighbouring points; 0: unknown. */
  step: number;
}

/** What the chart shows. Either `source` or the columns of `Rows` are there. */
interface ChartSeries extends Partial<Rows> {
  name: string;
  hasTimes: boolean;
  step: number;
  labels: ([number, number] | ShadedInterval)[];
  source?: RowSource;
  events?: AnomalyEvent[];
  threshold?: number;
  /** The title of its detector. */
  detector?: string;
  banded?: boolean;
}

/** Events or labels with their intervals on the axis, in order. */
interface Positions {
  items: any[];
  from: Float64Array;
  to: Float64Array;
}

/** A point of a line; `i` is its row, y is NaN where the line breaks. */
interface LinePoint {
  x: AxisValue;
  y: number;
  i: number;
  gap?: boolean;
}

declare var Chart: any;
