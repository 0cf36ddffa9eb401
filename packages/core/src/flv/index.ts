export {
	type AudioPacket,
	type AudioTag,
	type ChannelPlan,
	parseAudioTag,
	parseChannelPlan,
	type SoundFormat,
} from "./audio-tag.ts";
export { type CodecFacts, codecFacts } from "./codec-facts.ts";
export * from "./codec-id.ts";
export { dataAsAmf0 } from "./data-as-amf0.ts";
export type { MediaTrack } from "./enhanced-head.ts";

export { FlvDemuxer, type FlvDemuxerOptions, type FlvHandler } from "./flv-demuxer.ts";
export { FLV_HEADER_BYTES, type FlvHeader, flvHeader, readFlvHeader } from "./flv-header.ts";
export { FLV_MAX_BODY_BYTES, FLV_TAG_OVERHEAD, flvTag, writeFlvTags } from "./flv-muxer.ts";
export * from "./media-message.ts";
export { encodeMetadata, metadataOf, parseData, recordedData, type StreamData } from "./metadata.ts";
export { parseVideoTag, type VideoPacket, type VideoTag } from "./video-tag.ts";
