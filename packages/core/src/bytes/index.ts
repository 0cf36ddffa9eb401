export { Arena } from "./arena.ts";
export { BitReader } from "./bit-reader.ts";
export { ByteQueue } from "./byte-queue.ts";
export { ByteReader } from "./byte-reader.ts";
export { ByteWriter, type ByteWriterOptions } from "./byte-writer.ts";
export { lzmaDecompress } from "./lzma.ts";
export { MemoryPool } from "./memory-pool.ts";
export { Slab } from "./slab.ts";
export { decodeUtf8, encodeUtf8, encodeUtf8Into, utf8ByteLength } from "./utf8.ts";
