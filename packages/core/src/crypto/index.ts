export { Blowfish } from "./blowfish.ts";
export { DIFFIE_HELLMAN_BYTES, DiffieHellman, isPublicKey } from "./diffie-hellman.ts";
export { equalBytes, HmacSha256, hmacSha256 } from "./hmac.ts";
export { Rc4 } from "./rc4.ts";
export { SHA256_BLOCK_BYTES, SHA256_BYTES, Sha256, sha256 } from "./sha256.ts";
export { xteaEncrypt } from "./xtea.ts";
