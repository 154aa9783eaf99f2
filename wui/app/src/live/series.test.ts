import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { StatsSnapshotSchema, VirtualServiceSchema } from "../gen/admin/v1/traffic_pb";
import { addSnapshot, clearSeries, series } from "./series";

type Service = NonNullable<MessageInitShape<typeof StatsSnapshotSchema>["virtualServices"]>[number];

const web = create(VirtualServiceSchema, { name: "web", listeners: ["127.0.0.1:80"] });
const owa = create(VirtualServiceSchema, { name: "owa" }); // gets what routes of `web` bring

function add(seconds: number, ...services: Service[]): void {
  addSnapshot(create(StatsSnapshotSchema, { timeUs: BigInt(seconds * 1e6), virtualServices: services }), [web, owa]);
}

const requests = (name: string, total: bigint, times: [from: bigint, below: bigint, count: bigint][] = []): Service => ({
  name,
  traffic: { sessions: 3n, bytesFromClients: total * 10n, bytesToClients: total * 100n },
  http: {
    requestsTotal: total,
    responsesTotal: [0n, total, 0n, 0n, total / 2n],
    responseTime: { buckets: times.map(([fromUs, belowUs, count]) => ({ fromUs, belowUs, count })) },
  },
});

beforeEach(clearSeries);

test("the first snapshot is nothing to draw yet", () => {
  add(1, requests("web", 10n));
  assert.equal(series.value.length, 0);
});

test("rates are differences by the time between", () => {
  add(1, requests("web", 10n));
  add(3, requests("web", 30n));
  const [point] = series.value;
  assert.deepEqual([point!.connections, point!.requests, point!.errors, point!.bytesIn, point!.bytesOut], [3, 10, 5, 100, 1000]);
});

test("what a route brings to another service counts once", () => {
  add(1, requests("web", 0n), requests("owa", 0n));
  add(2, requests("web", 7n), requests("owa", 7n));
  assert.equal(series.value[0]!.requests, 7);
});

test("response times are those of the requests that ended in between", () => {
  add(1, requests("web", 1n, [[8_000_000n, 9_000_000n, 1n]]));
  add(2, requests("web", 101n, [[1000n, 1200n, 98n], [50_000n, 52_000n, 2n], [8_000_000n, 9_000_000n, 1n]]));
  assert.equal(series.value[0]!.p50, 1.1);
  assert.equal(series.value[0]!.p99, 51);
  add(3, requests("web", 101n));
  assert.equal(series.value[1]!.p50, null);
});

test("counters that were reset make no negative rate", () => {
  add(1, requests("web", 1000n));
  add(2, requests("web", 4n));
  assert.equal(series.value[0]!.requests, 0);
});

test("a pause is drawn as a hole", () => {
  add(1, requests("web", 0n));
  add(2, requests("web", 1n));
  add(60, requests("web", 2n));
  assert.equal(series.value.length, 3);
  assert.ok(Number.isNaN(series.value[1]!.requests));
});
