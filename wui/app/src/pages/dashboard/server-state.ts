// The state of one server as people see it: what administrators want comes before what checks find.
import type { Tone } from "../../components/badge";
import type { IconName } from "../../components/icon";
import { Server_AdminState as AdminState, Server_CheckState as CheckState, type Server } from "../../gen/admin/v1/traffic_pb";
import { t } from "../../i18n";

export interface ServerState {
  tone: Tone;
  icon: IconName;
  word: string;
}

export function stateOf(server: Server): ServerState {
  if (server.adminState === AdminState.MAINTENANCE) return { tone: "idle", icon: "wrench", word: t("server.maintenance") };
  if (server.checkState === CheckState.DOWN) return { tone: "bad", icon: "cross", word: t("server.down") };
  if (server.adminState === AdminState.DRAIN) return { tone: "warn", icon: "drain", word: t("server.drain") };
  if (server.checkState !== CheckState.UP) return { tone: "idle", icon: "question", word: t("server.unknown") };
  if (server.stale) return { tone: "idle", icon: "question", word: t("server.stale") };
  return { tone: "ok", icon: "check", word: t("server.up") };
}
