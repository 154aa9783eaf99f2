// What the one stream of the browser tells, each thing whole, newest: pages read these signals and redraw.
import { computed, signal } from "@preact/signals";
import type { Event, LogLine, Service, SystemInfo, Worker } from "../gen/admin/v1/admin_pb";
import { Service_State } from "../gen/admin/v1/admin_pb";
import type { ConfigurationState, Live } from "../gen/admin/v1/events_pb";
import type { FirmwareState } from "../gen/admin/v1/firmware_pb";
import type { Vrrp } from "../gen/admin/v1/high_availability_pb";
import type { Nodes } from "../gen/admin/v1/nodes_pb";
import type { SyncState } from "../gen/admin/v1/synchronization_pb";
import { Server_AdminState, Server_CheckState, type Server, type StatsSnapshot, type VirtualService } from "../gen/admin/v1/traffic_pb";
import { clockOffset } from "../format";
import { addSnapshot, clearSeries } from "./series";

// "lost": values are those of `lastSeen`.
export const connection = signal<"connecting" | "live" | "lost">("connecting");
// When something last came; milliseconds since 1970 of the browser's clock.
export const lastSeen = signal(0);

export const services = signal<Service[] | undefined>(undefined);
export const virtualServices = signal<VirtualService[] | undefined>(undefined);
export const workers = signal<Worker[] | undefined>(undefined);
export const configuration = signal<ConfigurationState | undefined>(undefined);
export const vrrp = signal<Vrrp | undefined>(undefined);
export const nodes = signal<Nodes | undefined>(undefined);
export const synchronization = signal<SyncState | undefined>(undefined);
export const system = signal<SystemInfo | undefined>(undefined);
export const firmware = signal<FirmwareState | undefined>(undefined);
export const stats = signal<StatsSnapshot | undefined>(undefined);
// Newest first.
export const events = signal<Event[]>([]);
// Oldest first; filled while a page asks for them.
export const logLines = signal<LogLine[]>([]);

const EVENTS = 500;
const LINES = 5000;

export function take(live: Live): void {
  const { change } = live;
  switch (change.case) {
    case "heartbeat":
      clockOffset.value = Number(change.value.timeUs) / 1000 - Date.now();
      break;
    case "stats":
      stats.value = change.value;
      addSnapshot(change.value, virtualServices.value ?? []);
      break;
    case "services":
      services.value = change.value.services;
      break;
    case "virtualServices":
      virtualServices.value = change.value.virtualServices;
      break;
    case "workers":
      workers.value = change.value.workers;
      break;
    case "configuration":
      configuration.value = change.value;
      break;
    case "vrrp":
      vrrp.value = change.value;
      break;
    case "nodes":
      nodes.value = change.value;
      break;
    case "synchronization":
      synchronization.value = change.value;
      break;
    case "event":
      takeEvent(change.value);
      break;
    case "log":
      takeLine(change.value);
      break;
    case "system":
      system.value = change.value;
      break;
    case "firmware":
      firmware.value = change.value;
      break;
  }
}

// After a reconnection the stream begins with what is known already.
function takeEvent(event: Event): void {
  if (events.value.some((known) => known.id === event.id)) return;
  events.value = [event, ...events.value].sort((a, b) => Number(b.id - a.id)).slice(0, EVENTS);
}

// Lines come in floods: the page is told once per frame.
let waiting: LogLine[] = [];
function takeLine(line: LogLine): void {
  if (waiting.push(line) > 1) return;
  setTimeout(() => {
    logLines.value = [...logLines.value, ...waiting].slice(-LINES);
    waiting = [];
  }, 50);
}

export function clearLog(): void {
  waiting = [];
  logLines.value = [];
}

// Of somebody else, or before a sign-in.
export function forget(): void {
  for (const one of [services, virtualServices, workers, configuration, vrrp, nodes, synchronization, system, firmware, stats]) one.value = undefined;
  events.value = [];
  connection.value = "connecting";
  clearLog();
  clearSeries();
}

export type Health = "serving" | "degraded" | "down" | "idle";

// The one word: is mail served? "idle": nothing is configured that could serve.
export const health = computed<Health | undefined>(() => {
  const all = virtualServices.value;
  if (!all || !services.value) return undefined;
  const failing = services.value.some((service) => service.state === Service_State.NOK);
  if (all.length === 0) return failing ? "degraded" : "idle";
  const serving = all.filter((service) => service.serving).length;
  if (serving === 0) return "down";
  const broken = all.some((service) => service.servers.some(isBroken));
  return serving < all.length || broken || failing ? "degraded" : "serving";
});

// A server that should serve and does not.
function isBroken(server: Server): boolean {
  return server.adminState !== Server_AdminState.MAINTENANCE && server.checkState === Server_CheckState.DOWN;
}
