// One chart of uPlot. Charts of the same `group` share their cursor.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../theme";
import { locale, t } from "../i18n";

export interface Line {
  label: string;
  // Of the style: "--line-1".
  colour: string;
}

interface ChartProps {
  group: string;
  title: string;
  // Seconds since 1970, then one array per line.
  data: (number | null)[][];
  lines: Line[];
  format: (value: number) => string;
  // Bytes: the axis steps by powers of two.
  binary?: boolean;
  // Of the newest values, for whoever does not see the picture.
  summary: string;
}

const HEIGHT = 150;
const powers = Array.from({ length: 50 }, (_, exponent) => 2 ** exponent);

export function Chart({ group, title, data, lines, format, binary, summary }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const format_ = useRef(format);
  format_.current = format;
  const newest = useRef(data);
  newest.current = data;

  // Axes draw their letters themselves: another theme or language is another plot.
  useEffect(() => {
    const element = box.current!;
    const made = new uPlot(options(group, lines, binary, element, (value) => format_.current(value)), newest.current as uPlot.AlignedData, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [theme.value, locale.value, lines.length]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.setData(data as uPlot.AlignedData);
    // Without a cursor the legend tells the newest values.
    if (made.cursor.left === undefined || made.cursor.left < 0) made.setLegend({ idx: data[0]!.length - 1 });
  }, [data]);

  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={box} class="chart-plot" role="img" aria-label={`${title}: ${summary}`} />
    </figure>
  );
}

function options(group: string, lines: Line[], binary: boolean | undefined, element: HTMLElement, format: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--quiet"), font: `11px ${style.getPropertyValue("--font")}`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const clock = new Intl.DateTimeFormat(locale.value, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const hour = new Intl.DateTimeFormat(locale.value, { hour: "2-digit", minute: "2-digit" });
  return {
    width: Math.max(element.clientWidth, 100),
    height: HEIGHT,
    cursor: { sync: { key: group }, points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { x: { time: true, range: (_, min, max) => [Math.min(min, max - 120), max] }, y: { range: (_, __, max) => [0, Math.max(max * 1.15, 1)] } },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, splits, __, ___, step) => splits.map((second) => (step < 60 ? clock : hour).format(second * 1000)) },
      { ...axis, size: 62, space: 32, ...(binary && { incrs: powers }), values: (_, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      { label: t("charts.time"), value: (_, second) => (second == null ? "" : clock.format(second * 1000)) },
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value == null || Number.isNaN(value) ? "–" : format(value)),
      })),
    ],
  };
}
