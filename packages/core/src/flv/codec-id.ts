/*
 * Codecs are named by one number, as in `videocodecid` and `audiocodecid` of `onMetaData`: the id of the tag's first
 * byte (FLV 10.1 §E.4.2.1, §E.4.3.1), or a FourCC read as a big-endian number (Enhanced RTMP v2, "Enhanced Audio" and
 * "Enhanced Video").
 */

export const VIDEO_SORENSON_H263 = 2;
export const VIDEO_SCREEN = 3;
export const VIDEO_VP6 = 4;
export const VIDEO_VP6_ALPHA = 5;
export const VIDEO_SCREEN_2 = 6;
export const VIDEO_AVC = 7;
/** HEVC, AV1 and VP9 under the numbers of the convention before Enhanced RTMP; read, never written. */
export const VIDEO_PRESTANDARD_HEVC = 12;
export const VIDEO_PRESTANDARD_AV1 = 13;
export const VIDEO_PRESTANDARD_VP9 = 14;

export const AUDIO_PCM = 0;
export const AUDIO_ADPCM = 1;
export const AUDIO_MP3 = 2;
export const AUDIO_PCM_LITTLE_ENDIAN = 3;
export const AUDIO_NELLYMOSER_16K = 4;
export const AUDIO_NELLYMOSER_8K = 5;
export const AUDIO_NELLYMOSER = 6;
export const AUDIO_ALAW = 7;
export const AUDIO_MULAW = 8;
export const AUDIO_AAC = 10;
export const AUDIO_SPEEX = 11;
/** Opus under the number of the convention before Enhanced RTMP; read, never written. */
export const AUDIO_PRESTANDARD_OPUS = 13;
export const AUDIO_MP3_8K = 14;

export const FOURCC_AVC = 0x61766331;
export const FOURCC_HEVC = 0x68766331;
export const FOURCC_VVC = 0x76766331;
export const FOURCC_AV1 = 0x61763031;
export const FOURCC_VP8 = 0x76703038;
export const FOURCC_VP9 = 0x76703039;
export const FOURCC_AAC = 0x6d703461;
export const FOURCC_OPUS = 0x4f707573;
export const FOURCC_FLAC = 0x664c6143;
export const FOURCC_MP3 = 0x2e6d7033;
export const FOURCC_AC3 = 0x61632d33;
export const FOURCC_EAC3 = 0x65632d33;

/** A FourCC's four characters, such as `hvc1`; what is not printable ASCII becomes `?`. */
export function fourCcText(code: number): string {
	let text = "";
	for (let shift = 24; shift >= 0; shift -= 8) {
		const unit = (code >>> shift) & 0xff;
		text += unit > 0x20 && unit < 0x7f ? String.fromCharCode(unit) : "?";
	}
	return text;
}

/** The number of a FourCC such as `hvc1`; `undefined` if the text is not four characters of ASCII. */
export function fourCcOf(text: string): number | undefined {
	if (!/^[\x20-\x7e]{4}$/.test(text)) return undefined;
	let code = 0;
	for (let index = 0; index < 4; index++) code = ((code << 8) | text.charCodeAt(index)) >>> 0;
	return code;
}

/** A video codec's name for people. Never throws: an unknown one is named by its number or FourCC. */
export function videoCodecName(codec: number): string {
	return VIDEO_NAMES.get(codec) ?? unknownName(codec);
}

/** An audio codec's name for people. Never throws: an unknown one is named by its number or FourCC. */
export function audioCodecName(codec: number): string {
	return AUDIO_NAMES.get(codec) ?? unknownName(codec);
}

const VIDEO_NAMES: ReadonlyMap<number, string> = new Map([
	[1, "JPEG"],
	[VIDEO_SORENSON_H263, "Sorenson H.263"],
	[VIDEO_SCREEN, "Screen video"],
	[VIDEO_VP6, "VP6"],
	[VIDEO_VP6_ALPHA, "VP6 with alpha"],
	[VIDEO_SCREEN_2, "Screen video 2"],
	[VIDEO_AVC, "H.264"],
	[VIDEO_PRESTANDARD_HEVC, "H.265"],
	[VIDEO_PRESTANDARD_AV1, "AV1"],
	[VIDEO_PRESTANDARD_VP9, "VP9"],
	[FOURCC_AVC, "H.264"],
	[FOURCC_HEVC, "H.265"],
	[FOURCC_VVC, "H.266"],
	[FOURCC_AV1, "AV1"],
	[FOURCC_VP8, "VP8"],
	[FOURCC_VP9, "VP9"],
]);

const AUDIO_NAMES: ReadonlyMap<number, string> = new Map([
	[AUDIO_PCM, "PCM"],
	[AUDIO_ADPCM, "ADPCM"],
	[AUDIO_MP3, "MP3"],
	[AUDIO_PCM_LITTLE_ENDIAN, "PCM"],
	[AUDIO_NELLYMOSER_16K, "Nellymoser"],
	[AUDIO_NELLYMOSER_8K, "Nellymoser"],
	[AUDIO_NELLYMOSER, "Nellymoser"],
	[AUDIO_ALAW, "G.711 A-law"],
	[AUDIO_MULAW, "G.711 µ-law"],
	[AUDIO_AAC, "AAC"],
	[AUDIO_SPEEX, "Speex"],
	[AUDIO_PRESTANDARD_OPUS, "Opus"],
	[AUDIO_MP3_8K, "MP3"],
	[15, "device-specific sound"],
	[FOURCC_AAC, "AAC"],
	[FOURCC_OPUS, "Opus"],
	[FOURCC_FLAC, "FLAC"],
	[FOURCC_MP3, "MP3"],
	[FOURCC_AC3, "AC-3"],
	[FOURCC_EAC3, "E-AC-3"],
]);

function unknownName(codec: number): string {
	return codec > 0xff ? `“${fourCcText(codec)}”` : `codec ${codec}`;
}
