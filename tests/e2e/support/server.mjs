// A browser for all specs of a run, until standard input ends; prints where specs connect to it.
import { chromium, chromiumOptions } from "./spec.mjs";

const server = await chromium.launchServer(chromiumOptions);
console.log(server.wsEndpoint());
process.stdin.resume().on("end", () => server.close());
