// What the charts show: differences of the counters of one snapshot and the next.
import { signal } from "@preact/signals";
import type { Histogram, StatsSnapshot, VirtualService, VirtualServiceStats } from "../gen/admin/v1/traffic_pb";

export interface Point {
  // Seconds since 1970.
  time: number;
  connections: number;
  requests: number;
  // Answered with 5xx, or not at all; per second.
  errors: number;
  bytesIn: number;
  bytesOut: number;
  // Milliseconds; null: no request ended.
  p50: number | null;
  p99: number | null;
}

// Ten minutes of seconds.
const POINTS = 600;
// A gap longer than this is drawn as one. Seconds.
const GAP = 15;

export const series = signal<Point[]>([]);

interface Sums {
  time: number;
  connections: number;
  requests: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
  times: Map<number, { below: number; count: number }>;
}

let last: Sums | undefined;

export function clearSeries(): void {
  last = undefined;
  series.value = [];
}

export function addSnapshot(snapshot: StatsSnapshot, services: VirtualService[]): void {
  const sums = sum(snapshot, services);
  const before = last;
  last = sums;
  if (!before || sums.time <= before.time) return;
  const seconds = sums.time - before.time;
  const rate = (now: number, then: number) => Math.max(0, now - then) / seconds;
  const times = difference(before.times, sums.times);
  const point: Point = {
    time: sums.time,
    connections: sums.connections,
    requests: rate(sums.requests, before.requests),
    errors: rate(sums.errors, before.errors),
    bytesIn: rate(sums.bytesIn, before.bytesIn),
    bytesOut: rate(sums.bytesOut, before.bytesOut),
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
  const kept = series.value.slice(-POINTS + 1);
  series.value = seconds > GAP ? [...kept, gap(before.time + 1), point] : [...kept, point];
}

function gap(time: number): Point {
  return { time, connections: NaN, requests: NaN, errors: NaN, bytesIn: NaN, bytesOut: NaN, p50: null, p99: null };
}

// A request that a route brought to another service is counted there as well: only services with listeners count.
function sum(snapshot: StatsSnapshot, services: VirtualService[]): Sums {
  const inner = new Set(services.filter((service) => service.listeners.length === 0).map((service) => service.name));
  const sums: Sums = { time: Number(snapshot.timeUs) / 1e6, connections: 0, requests: 0, errors: 0, bytesIn: 0, bytesOut: 0, times: new Map() };
  for (const service of snapshot.virtualServices) if (!inner.has(service.name)) add(sums, service);
  return sums;
}

function add(sums: Sums, service: VirtualServiceStats): void {
  const { traffic, http } = service;
  sums.connections += Number(traffic?.sessions ?? 0n);
  sums.bytesIn += Number(traffic?.bytesFromClients ?? 0n);
  sums.bytesOut += Number(traffic?.bytesToClients ?? 0n);
  sums.errors += Number(service.failedTotal);
  if (!http) return;
  sums.requests += Number(http.requestsTotal);
  sums.errors += Number(http.responsesTotal[4] ?? 0n);
  if (http.responseTime) merge(sums.times, http.responseTime);
}

function merge(into: Sums["times"], histogram: Histogram): void {
  for (const bucket of histogram.buckets) {
    const from = Number(bucket.fromUs);
    const known = into.get(from)?.count ?? 0;
    into.set(from, { below: Number(bucket.belowUs), count: known + Number(bucket.count) });
  }
}

interface Range {
  from: number;
  below: number;
  count: number;
}

function difference(before: Sums["times"], after: Sums["times"]): Range[] {
  const ranges: Range[] = [];
  for (const [from, { below, count }] of after) {
    const more = count - (before.get(from)?.count ?? 0);
    if (more > 0) ranges.push({ from, below, count: more });
  }
  return ranges.sort((a, b) => a.from - b.from);
}

// Milliseconds: the middle of the range that holds it.
function quantile(ranges: Range[], share: number): number | null {
  const total = ranges.reduce((all, range) => all + range.count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const range of ranges) {
    left -= range.count;
    if (left <= 0) return (range.from + range.below) / 2000;
  }
  return null;
}
