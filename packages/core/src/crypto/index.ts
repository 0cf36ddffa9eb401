export { equalBytes, HmacSha256, hmacSha256 } from "./hmac.ts";
export { SHA256_BLOCK_BYTES, SHA256_BYTES, Sha256, sha256 } from "./sha256.ts";
