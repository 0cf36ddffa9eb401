export { dataAsAmf0 } from "./data-as-amf0.ts";
export { FlvDemuxer, type FlvDemuxerOptions, type FlvHandler } from "./flv-demuxer.ts";
export { FLV_HEADER_BYTES, type FlvHeader, flvHeader, readFlvHeader } from "./flv-header.ts";
export { FLV_MAX_BODY_BYTES, FLV_TAG_OVERHEAD, flvTag, writeFlvTags } from "./flv-muxer.ts";
export * from "./media-message.ts";
