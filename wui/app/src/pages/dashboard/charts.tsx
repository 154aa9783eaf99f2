import { Chart } from "../../components/chart";
import { Loading, Panel } from "../../components/page";
import { brief, bytes, duration } from "../../format";
import { t } from "../../i18n";
import { series, type Point } from "../../live/series";

export function Charts() {
  const points = series.value;
  const last = points[points.length - 1];
  const values = (pick: (point: Point) => number | null) => points.map((point) => empty(pick(point)));
  const times = points.map((point) => point.time);
  const perSecond = (value: number) => t("unit.perSecond", { value: brief(value) });
  const speed = (value: number) => t("unit.perSecond", { value: bytes(value) });
  const time = (value: number) => duration(value);
  const told = (value: number | null | undefined, format: (value: number) => string) => (value == null || Number.isNaN(value) ? "–" : format(value));
  if (!last) {
    return (
      <Panel title={t("charts.title")}>
        <Loading rows={4} />
      </Panel>
    );
  }
  return (
    <Panel title={t("charts.title")}>
      <div class="charts">
        <Chart
          group="dashboard"
          title={t("charts.connections")}
          data={[times, values((p) => p.connections)]}
          lines={[{ label: t("charts.connections"), colour: "--line-1" }]}
          format={brief}
          summary={told(last.connections, brief)}
        />
        <Chart
          group="dashboard"
          title={t("charts.requests")}
          data={[times, values((p) => p.requests), values((p) => p.errors)]}
          lines={[
            { label: t("charts.requestsLine"), colour: "--line-1" },
            { label: t("charts.errorsLine"), colour: "--bad" },
          ]}
          format={perSecond}
          summary={`${told(last.requests, perSecond)}, ${t("charts.errorsLine")} ${told(last.errors, perSecond)}`}
        />
        <Chart
          group="dashboard"
          title={t("charts.throughput")}
          data={[times, values((p) => p.bytesOut), values((p) => p.bytesIn)]}
          lines={[
            { label: t("charts.toClients"), colour: "--line-1" },
            { label: t("charts.fromClients"), colour: "--line-2" },
          ]}
          format={speed}
          binary
          summary={`${t("charts.toClients")} ${told(last.bytesOut, speed)}, ${t("charts.fromClients")} ${told(last.bytesIn, speed)}`}
        />
        <Chart
          group="dashboard"
          title={t("charts.responseTime")}
          data={[times, values((p) => p.p50), values((p) => p.p99)]}
          lines={[
            { label: "p50", colour: "--line-1" },
            { label: "p99", colour: "--line-2" },
          ]}
          format={time}
          summary={`p50 ${told(last.p50, time)}, p99 ${told(last.p99, time)}`}
        />
      </div>
    </Panel>
  );
}

// uPlot draws a hole where there is nothing.
const empty = (value: number | null) => (value === null || Number.isNaN(value) ? null : value);
