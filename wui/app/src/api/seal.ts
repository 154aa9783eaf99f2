// libsodium's crypto_box_seal: only the holder of the secret key can open it, and nobody can tell who sealed it.
import { blake2b } from "@noble/hashes/blake2b";
import nacl from "tweetnacl";

export function seal(message: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const once = nacl.box.keyPair();
  const keys = join(once.publicKey, publicKey);
  const nonce = blake2b(keys, { dkLen: nacl.box.nonceLength });
  const boxed = nacl.box(message, nonce, publicKey, once.secretKey);
  once.secretKey.fill(0);
  return join(once.publicKey, boxed);
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
