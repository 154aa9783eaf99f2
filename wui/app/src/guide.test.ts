import { test } from "node:test";
import { deepEqual } from "node:assert/strict";
import { chapterOf } from "./guide";

test("a page has its chapter, and what is within it the same", () => {
  const found = ["/", "/config/imap", "/config/virtual-services/crm", "/nowhere", "/constructor"].map(chapterOf);
  deepEqual(found, ["/guide/servers.html", "/guide/areas.html#imap-pop3", "/guide/virtual-services.html", "/guide/", "/guide/"]);
});
