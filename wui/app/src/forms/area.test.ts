import { create, equals, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldViolationSchema, FieldViolation_Severity } from "../gen/admin/v1/admin_pb";
import { ConfigSchema, type Config } from "../gen/config/v1/config_pb";
import { Http_Mode } from "../gen/config/v1/exchange_pb";
import { Area, concerns, owns } from "./area";
import type { Doc } from "./document";
import { carry, prune, sameParts } from "./draft";
import { item, pathOf, root, within } from "./place";
import { joinDuration, read, splitDuration, write, type Kind } from "./value";

const http = within(root, "http");

// Something in every corner, presence included.
const full = (): Config =>
  fromJson(ConfigSchema, {
    versionNote: "n",
    management: { web: { enabled: true, port: 4444, allowFrom: ["10.0.0.0/8"] }, metrics: {} },
    network: { managed: false, hostname: "a", vlanId: 0, staticRoute: [{ network: "10.9.0.0", netmask: "16", router: "10.0.0.1" }] },
    highAvailability: { role: "BACKUP", virtualAddress: ["10.0.0.9"], clusterId: 7, preempt: false },
    casServer: [{ name: "CAS1", address: "10.0.0.1", weight: 0 }, { name: "CAS2", address: "10.0.0.2" }],
    http: { mode: "SSL_OFFLOAD", redirectHttpPort: 0, mapi: true, directory: [{ name: "ACTIVE_SYNC", timeout: "70m" }], serverTls: {} },
    imap: {},
    virtualService: [
      {
        name: "v",
        listener: [{ port: 80, tls: { certificate: ["c"] } }],
        persistence: { cookie: {}, expiry: "1h" },
        route: [{ pathPrefix: "/", pool: "p" }],
        pool: [{ name: "p", server: [{ name: "s", address: "10.0.0.1", port: 80, tls: { verify: "PIN" } }] }],
        healthCheck: { http: { expectStatus: [200, 204] }, tls: {} },
      },
    ],
    log: { access: false },
  });
const doc = (config: Config, version: number): Doc => ({ config, version: BigInt(version), text: "", actor: "other" });
const areaOf = (owned: string[], config = full()) => {
  const area = new Area(owned);
  area.receive(doc(config, 1));
  return area;
};
const set = (area: Area, name: "hostName" | "virtualHttpsPort", kind: Kind, text: string) =>
  area.edit(pathOf(http, name), (config) => void write(config, http, name, kind, text));

test("a configuration passes through an area without loss", () => {
  const area = areaOf(["http"]);
  set(area, "hostName", "text", "mail.example.org");
  set(area, "hostName", "text", "");
  assert.equal(area.changed.value, false);
  set(area, "hostName", "text", "mail.example.org");
  assert.equal(area.changed.value, true);
  const expected = full();
  expected.http!.hostName = "mail.example.org";
  assert.ok(equals(ConfigSchema, area.result.value!, expected));
  assert.deepEqual(toBinary(ConfigSchema, fromBinary(ConfigSchema, toBinary(ConfigSchema, area.result.value!))), toBinary(ConfigSchema, expected));
});

test("absent is not zero, and an emptied field is absent", () => {
  const area = areaOf(["http"]);
  assert.equal(read(area.config.value!, http, "redirectHttpPort"), "0");
  assert.equal(read(area.config.value!, http, "virtualHttpsPort"), "");
  set(area, "virtualHttpsPort", "port", "0");
  assert.equal(area.result.value!.http!.virtualHttpsPort, 0);
  set(area, "virtualHttpsPort", "port", " ");
  assert.equal(area.result.value!.http!.virtualHttpsPort, undefined);
  assert.equal(area.result.value!.http!.redirectHttpPort, 0);
});

test("text that is no number is kept in its field and lights the buttons", () => {
  const area = areaOf(["http"]);
  const config = area.config.value!;
  assert.equal(write(config, http, "virtualHttpsPort", "port", "44x"), false);
  assert.equal(write(config, http, "virtualHttpsPort", "port", "99999999999"), false);
  area.setUnread("http.virtual_https_port", "44x");
  assert.equal(area.changed.value, true);
  area.cancel();
  assert.equal(area.changed.value, false);
});

test("a message that was made for a field goes when the field is emptied, one that was there stays", () => {
  const before = create(ConfigSchema);
  const place = within(within(root, "smtp"), "serverTls");
  const draft = create(ConfigSchema);
  write(draft, place, "ca", "text", "corp");
  assert.equal(draft.smtp?.serverTls?.ca, "corp");
  write(draft, place, "ca", "text", "");
  assert.ok(equals(ConfigSchema, prune(draft, before), before));
  const there = full();
  assert.ok(equals(ConfigSchema, prune(there, full()), full()), "empty imap {} and server_tls {} stay");
});

test("areas of one message do not touch each other", () => {
  const local = ["network.hostname", "network.managed"];
  const mine = full();
  mine.network!.hostname = "mine";
  const theirs = full();
  theirs.network!.staticRoute = [];
  const both = carry(mine, theirs, local);
  assert.equal(both.network!.hostname, "mine");
  assert.equal(both.network!.staticRoute.length, 0);
  assert.ok(sameParts(theirs, full(), local));
  assert.ok(!sameParts(theirs, full(), ["network.staticRoute"]));
  delete theirs.network;
  assert.equal(carry(mine, theirs, local).network?.hostname, "mine");
  assert.equal(carry(create(ConfigSchema), theirs, local).network, undefined);
});

test("a change elsewhere is told, and the edit stands on it", () => {
  const area = areaOf(["http"]);
  set(area, "hostName", "text", "mine");
  const theirs = full();
  theirs.imap!.timeout = "9m";
  area.receive(doc(theirs, 2));
  assert.equal(area.meanwhile.value?.conflict, false);
  assert.equal(area.result.value!.imap!.timeout, "9m");
  assert.equal(area.result.value!.http!.hostName, "mine");
  assert.equal(area.base.value!.version, 2n);
});

test("a change in the same area waits for a choice", () => {
  const theirs = full();
  theirs.http!.mode = Http_Mode.DISABLED;
  const mine = areaOf(["http"]);
  set(mine, "hostName", "text", "mine");
  mine.receive(doc(theirs, 2));
  assert.equal(mine.meanwhile.value?.conflict, true);
  assert.equal(mine.base.value!.version, 1n);
  mine.keepMine();
  assert.equal(mine.result.value!.http!.mode, Http_Mode.SSL_OFFLOAD);
  assert.equal(mine.base.value!.version, 2n);
  const other = areaOf(["http"]);
  set(other, "hostName", "text", "mine");
  other.receive(doc(theirs, 2));
  other.cancel();
  assert.equal(other.config.value!.http!.mode, Http_Mode.DISABLED);
  assert.equal(other.changed.value, false);
});

test("an area that nobody edits shows what runs", () => {
  const area = areaOf(["http"]);
  const theirs = full();
  theirs.http!.hostName = "theirs";
  area.receive(doc(theirs, 2));
  assert.equal(area.config.value!.http!.hostName, "theirs");
  assert.equal(area.meanwhile.value, undefined);
});

test("findings go to their fields by the supervisor's paths", () => {
  const area = areaOf(["http"]);
  const finding = (path: string) => create(FieldViolationSchema, { path, message: path, severity: FieldViolation_Severity.ERROR });
  area.findings.value = [finding("http.directory[0].allow_from[1]"), finding("http.mode")];
  assert.equal(area.errorAt(pathOf(item(http, "directory", 0), "allowFrom")), "http.directory[0].allow_from[1]");
  assert.equal(area.errorAt(pathOf(http, "hostName")), undefined);
  assert.equal(area.errorAt("http.mode"), "http.mode");
  set(area, "hostName", "text", "x");
  assert.equal(area.findings.value.length, 2);
  area.edit("http.mode", () => {});
  assert.equal(area.findings.value.length, 1);
  assert.ok(!concerns("http.directory[0].timeout", "http.directory"));
  assert.ok(owns(["casServer"], "cas_server[1].address") && owns(["network.staticRoute"], "network.static_route[0].router"));
  assert.ok(!owns(["http"], "http_x") && !owns(["network.hostname"], "network.address"));
});

test("durations are a number and a unit", () => {
  assert.deepEqual(splitDuration("25s", ""), { number: "25", unit: "s" });
  assert.deepEqual(splitDuration("0.01s", ""), { number: "0.01", unit: "s" });
  assert.deepEqual(splitDuration("", "31m"), { number: "", unit: "m" });
  assert.deepEqual(splitDuration("200ms", "1h"), { number: "200", unit: "ms" });
  for (const text of ["25s", "200ms", "40m", "1h", "0.01s", ""]) assert.equal(joinDuration(splitDuration(text, "s")), text);
  assert.equal(joinDuration({ number: "many", unit: "s" }), "many");
});
