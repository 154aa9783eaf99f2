// One client per service of the management API, by the Connect protocol with JSON.
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { Logs, Services, System, Workers } from "../gen/admin/v1/admin_pb";
import { Backups } from "../gen/admin/v1/backup_pb";
import { Certificates, TrustAnchors } from "../gen/admin/v1/certificates_pb";
import { Configuration } from "../gen/admin/v1/configuration_pb";
import { Events } from "../gen/admin/v1/events_pb";
import { Firmware } from "../gen/admin/v1/firmware_pb";
import { HighAvailability } from "../gen/admin/v1/high_availability_pb";
import { Licenses } from "../gen/admin/v1/licenses_pb";
import { Network } from "../gen/admin/v1/network_pb";
import { Synchronization } from "../gen/admin/v1/synchronization_pb";
import { Persistence, Servers, Sessions, Stats, VirtualServices } from "../gen/admin/v1/traffic_pb";
import { Tokens, Users } from "../gen/admin/v1/users_pb";

// Pages of other sites cannot send this header: the server asks for it wherever the session's cookie decides.
const ownSite: Interceptor = (next) => (request) => {
  request.header.set("X-Aloha-Request", "1");
  return next(request);
};

const transport = createConnectTransport({
  baseUrl: window.location.origin,
  useBinaryFormat: false,
  interceptors: [ownSite],
});

export const api = {
  backups: createClient(Backups, transport),
  certificates: createClient(Certificates, transport),
  configuration: createClient(Configuration, transport),
  events: createClient(Events, transport),
  firmware: createClient(Firmware, transport),
  highAvailability: createClient(HighAvailability, transport),
  licenses: createClient(Licenses, transport),
  logs: createClient(Logs, transport),
  network: createClient(Network, transport),
  persistence: createClient(Persistence, transport),
  servers: createClient(Servers, transport),
  services: createClient(Services, transport),
  sessions: createClient(Sessions, transport),
  stats: createClient(Stats, transport),
  synchronization: createClient(Synchronization, transport),
  system: createClient(System, transport),
  tokens: createClient(Tokens, transport),
  trustAnchors: createClient(TrustAnchors, transport),
  users: createClient(Users, transport),
  virtualServices: createClient(VirtualServices, transport),
  workers: createClient(Workers, transport),
};
