export { type AacConfiguration, parseAacConfiguration } from "./aac.ts";
export { type Av1Configuration, type Av1Picture, parseAv1Configuration, parseAv1SequenceHeader } from "./av1.ts";
export { type AvcConfiguration, type AvcPicture, avcCodecString, parseAvcConfiguration, parseAvcSps } from "./avc.ts";
export {
	HEVC_NAL_SPS,
	type HevcConfiguration,
	type HevcPicture,
	type HevcUnits,
	parseHevcConfiguration,
	parseHevcSps,
} from "./hevc.ts";
export { type Mp3Frame, parseMp3Frame } from "./mp3.ts";
export { OPUS_SAMPLE_RATE, type OpusConfiguration, parseOpusConfiguration } from "./opus.ts";
export { MAX_PICTURE_SIDE } from "./parameter-set.ts";
export { parseVpxConfiguration, type VpxConfiguration } from "./vpx.ts";
