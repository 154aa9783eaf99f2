import { blake2b } from "@noble/hashes/blake2b";
import assert from "node:assert/strict";
import { test } from "node:test";
import nacl from "tweetnacl";
import { seal } from "./seal";

test("what is sealed can be opened with the secret key alone", () => {
  const receiver = nacl.box.keyPair();
  const message = new TextEncoder().encode("a private key and its password");
  const sealed = seal(message, receiver.publicKey);
  assert.equal(sealed.length, 48 + message.length); // crypto_box_SEALBYTES
  const sender = sealed.slice(0, 32);
  const nonce = blake2b(new Uint8Array([...sender, ...receiver.publicKey]), { dkLen: 24 });
  assert.deepEqual(nacl.box.open(sealed.slice(32), nonce, sender, receiver.secretKey), message);
  assert.equal(nacl.box.open(sealed.slice(32), nonce, sender, nacl.box.keyPair().secretKey), null);
});

test("no two seals are alike", () => {
  const { publicKey } = nacl.box.keyPair();
  const message = new Uint8Array(10);
  assert.notDeepEqual(seal(message, publicKey), seal(message, publicKey));
});
