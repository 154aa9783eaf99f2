// Makes src/gen from the protos: messages, enums and services, by Debian's protoc and the plugin from npm.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const app = join(dirname(fileURLToPath(import.meta.url)), "..");
const protos = join(app, "..", "..", "proto");
const out = join(app, "src", "gen");

const folder = (name) =>
  readdirSync(join(protos, name))
    .filter((file) => file.endsWith(".proto"))
    .map((file) => `${name}/${file}`);

// What the management API uses, and nothing of what workers say to each other but the state of a virtual router.
const files = [
  ...folder("admin/v1"),
  "config/v1/config.proto",
  "config/v1/exchange.proto",
  "config/v1/virtual_service.proto",
  "worker/v1/vrrp.proto",
];

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
execFileSync(
  "protoc",
  [
    `--proto_path=${protos}`,
    `--plugin=protoc-gen-es=${join(app, "node_modules", ".bin", "protoc-gen-es")}`,
    `--es_out=${out}`,
    "--es_opt=target=ts",
    ...files,
  ],
  { stdio: "inherit" },
);
