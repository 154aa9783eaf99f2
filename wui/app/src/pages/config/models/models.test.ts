// Which options appear in which mode, as in the guide's figures.
import { create } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigSchema, HighAvailability_Role, HighAvailabilitySchema, NetworkSchema } from "../../../gen/config/v1/config_pb";
import { ExchangeServerSchema, ExchangeVersion, Http_Mode, HttpSchema, Mail_Mode, Mail_Starttls, MailAreaSchema, RpcSchema, SmtpAreaSchema } from "../../../gen/config/v1/exchange_pb";
import { VirtualServiceSchema } from "../../../gen/config/v1/virtual_service_pb";
import { root, within } from "../../../forms/place";
import { isShown, type FieldSpec } from "../../../forms/spec";
import { availabilityFields, localFields, networkPlace, availabilityPlace } from "../../network/models/network";
import { directories, directorySwitch, endsTls, httpMore, httpOptions, httpPlace, usesServerTls } from "./http";
import { isEnabled, mailOptions, needsCertificate, smtpMore, usesSmtpServerTls } from "./mail";
import { freeName, rpcMode, rpcOptions, rpcPlace, tidyServers } from "./servers";
import { persistenceKind, setCheck, setPersistence, tidyServices } from "./virtual-service";

const httpIn = (mode: Http_Mode) => {
  const config = create(ConfigSchema, { http: create(HttpSchema, { mode }) });
  return httpOptions.filter((spec) => isShown(spec, httpPlace, config)).map((spec) => spec.name);
};

test("HTTP(S): options by mode", () => {
  const all = ["hostName", "virtualHttpsPort", "redirectHttpPort"];
  assert.deepEqual(httpIn(Http_Mode.DISABLED), []);
  assert.deepEqual(httpIn(Http_Mode.SSL_OFFLOAD), [...all, "casHttpPort", "timeout"]);
  assert.deepEqual(httpIn(Http_Mode.SSL_FORWARD), [...all, "casHttpPort", "casHttpsPort", "timeout", "forwardCheck"]);
  assert.deepEqual(httpIn(Http_Mode.SSL_BRIDGE), [...all, "casHttpsPort", "timeout"]);
  assert.equal(isShown(httpOptions[0]!, httpPlace, create(ConfigSchema)), false);
});

test("HTTP(S): certificate, switches and the rest only where TLS ends here", () => {
  const own = (mode: Http_Mode) => create(HttpSchema, { mode });
  for (const [mode, ends] of [[Http_Mode.DISABLED, false], [Http_Mode.SSL_OFFLOAD, true], [Http_Mode.SSL_FORWARD, false], [Http_Mode.SSL_BRIDGE, true]] as const) {
    assert.equal(endsTls(own(mode)), ends);
    assert.ok(httpMore.every((spec) => isShown(spec, httpPlace, create(ConfigSchema, { http: own(mode) })) === ends));
  }
  assert.ok(usesServerTls(own(Http_Mode.SSL_BRIDGE)) && !usesServerTls(own(Http_Mode.SSL_OFFLOAD)));
});

test("HTTP(S): the guide's directories are on, MAPI from 2013 on, PowerShell off", () => {
  const fallbacks = (version?: ExchangeVersion) => {
    const config = create(ConfigSchema, version === undefined ? {} : { exchangeVersion: version });
    return directories.map((one) => directorySwitch(one).fallback!({ own: undefined, config }));
  };
  const guide = Array<string>(7).fill("true");
  assert.deepEqual(fallbacks(), [...guide, "false", "false"]);
  assert.deepEqual(fallbacks(ExchangeVersion.EXCHANGE_2016), [...guide, "true", "false"]);
});

const ports: [Mail_Mode, string[], boolean][] = [
  [Mail_Mode.DISABLED, [], false],
  [Mail_Mode.CLEAR, ["virtualPort", "serverPort"], false],
  [Mail_Mode.SSL_FORWARD, ["virtualSslPort", "serverSslPort"], false],
  [Mail_Mode.SSL_OFFLOAD, ["virtualSslPort", "serverPort"], true],
  [Mail_Mode.CLEAR_AND_SSL_FORWARD, ["virtualPort", "virtualSslPort", "serverPort", "serverSslPort"], false],
  [Mail_Mode.CLEAR_AND_SSL_OFFLOAD, ["virtualPort", "virtualSslPort", "serverPort"], true],
  [Mail_Mode.SSL_BRIDGE, ["virtualSslPort", "serverSslPort"], true],
  [Mail_Mode.CLEAR_AND_SSL_BRIDGE, ["virtualPort", "virtualSslPort", "serverPort", "serverSslPort"], true],
];

for (const protocol of ["imap", "pop3"] as const) {
  test(`${protocol}: options by mode`, () => {
    const place = within(root, protocol);
    for (const [mode, names, certificate] of ports) {
      const own = create(MailAreaSchema, { mode });
      const config = create(ConfigSchema, { [protocol]: own });
      const shown = mailOptions(protocol).filter((spec) => isShown(spec as FieldSpec<typeof own>, place, config)).map((spec) => spec.name);
      assert.deepEqual(shown, names.length ? [...names, "timeout"] : [], Mail_Mode[mode]);
      assert.equal(needsCertificate(own), certificate, Mail_Mode[mode]);
    }
  });
}

test("smtp: options by mode, HUB servers in every enabled one", () => {
  const place = within(root, "smtp");
  for (const [mode, names, certificate] of ports) {
    const own = create(SmtpAreaSchema, { mode });
    const config = create(ConfigSchema, { smtp: own });
    const shown = mailOptions("smtp").filter((spec) => isShown(spec as FieldSpec<typeof own>, place, config)).map((spec) => spec.name);
    assert.deepEqual(shown, names.length ? [...names, "timeout"] : [], Mail_Mode[mode]);
    assert.equal(isEnabled(own), mode !== Mail_Mode.DISABLED);
    assert.equal(usesSmtpServerTls(own), certificate);
    assert.equal(isShown(smtpMore[0]!, place, config), names.includes("virtualSslPort"));
  }
});

test("STARTTLS that ends here needs a certificate, where there is a clear port", () => {
  assert.ok(needsCertificate(create(MailAreaSchema, { mode: Mail_Mode.CLEAR, starttls: Mail_Starttls.OFFERED })));
  assert.ok(!needsCertificate(create(MailAreaSchema, { mode: Mail_Mode.CLEAR, starttls: Mail_Starttls.OFF })));
  assert.ok(!needsCertificate(create(MailAreaSchema, { mode: Mail_Mode.SSL_FORWARD, starttls: Mail_Starttls.REQUIRED })));
});

test("smtp: by which defaults the SSL port and the further port go", () => {
  const fallback = (index: number, own: Parameters<typeof create<typeof SmtpAreaSchema>>[1]) => smtpMore[index]!.fallback!({ own: create(SmtpAreaSchema, own), config: create(ConfigSchema) });
  assert.equal(fallback(0, {}), "1");
  assert.equal(fallback(0, { virtualSslPort: 465 }), "2");
  assert.equal(fallback(1, { mode: Mail_Mode.SSL_OFFLOAD }), "465");
  assert.equal(fallback(1, { mode: Mail_Mode.SSL_FORWARD }), "0");
});

test("RPC: an absent area is disabled, an area without a word is enabled", () => {
  const shown = (rpc?: ReturnType<typeof create<typeof RpcSchema>>) => rpcOptions.filter((spec) => isShown(spec, rpcPlace, create(ConfigSchema, rpc ? { rpc } : {}))).length;
  assert.equal(shown(), 0);
  assert.equal(shown(create(RpcSchema)), 4);
  assert.equal(shown(create(RpcSchema, { enabled: false })), 0);
  assert.equal(rpcMode.fallback!({ own: undefined, config: create(ConfigSchema) }), "false");
});

test("servers get names by themselves, emptied rows go", () => {
  const server = (name?: string, address?: string) => create(ExchangeServerSchema, { ...(name && { name }), ...(address && { address }) });
  const config = create(ConfigSchema, { casServer: [server("CAS2", "10.0.0.1"), server(), server("CAS3"), server(undefined, "10.0.0.2"), server("mine")] });
  tidyServers(config, "casServer");
  assert.deepEqual(config.casServer.map((one) => one.name), ["CAS2", "CAS3", "mine"]);
  assert.equal(freeName([], "hubServer", 0), "HUB1");
});

test("network: addresses are asked for without DHCP, high availability options with a role", () => {
  const config = (dhcp?: boolean) => create(ConfigSchema, { network: create(NetworkSchema, dhcp === undefined ? {} : { dhcp }) });
  const names = (dhcp?: boolean) => localFields([]).filter((spec) => isShown(spec, networkPlace, config(dhcp))).map((spec) => spec.name);
  assert.ok(names().includes("address") && names(false).includes("gateway") && !names(true).includes("address"));
  const shown = (role: HighAvailability_Role) =>
    availabilityFields.filter((spec) => isShown(spec, availabilityPlace, create(ConfigSchema, { highAvailability: create(HighAvailabilitySchema, { role }) }))).map((spec) => spec.name);
  assert.deepEqual(shown(HighAvailability_Role.DISABLED), []);
  assert.deepEqual(shown(HighAvailability_Role.MASTER), ["virtualAddress", "clusterId"]);
  assert.deepEqual(shown(HighAvailability_Role.BACKUP), ["virtualAddress", "clusterId"]);
});

test("virtual services: kinds change without losing what they share", () => {
  const service = create(VirtualServiceSchema, { persistence: { by: { case: "cookie", value: { name: "X" } }, expiry: "1h" } });
  setPersistence(service, "cookie");
  assert.equal(service.persistence?.by.case === "cookie" && service.persistence.by.value.name, "X");
  setPersistence(service, "sourceAddress");
  assert.equal(service.persistence?.expiry, "1h");
  assert.equal(persistenceKind(service), "sourceAddress");
  setPersistence(service, "");
  assert.equal(service.persistence, undefined);
  setCheck(service, "imap");
  assert.equal(service.healthCheck?.protocol.case, "imap");
  const config = create(ConfigSchema, { virtualService: [create(VirtualServiceSchema, { listener: [{}, { port: 80 }], server: [{ address: "10.0.0.1", port: 80 }, {}] })] });
  tidyServices(config);
  assert.deepEqual([config.virtualService[0]!.listener.length, config.virtualService[0]!.server.map((one) => one.name)], [1, ["server1"]]);
});
