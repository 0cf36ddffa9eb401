import type { CodecFacts } from "@millrace/core/flv";

/** A stream's codecs for a log line: `H.264 640x360 + AAC 44.1 kHz`. */
export function describeCodecs(facts: CodecFacts): string {
	const { videoCodec, width, height, audioCodec, sampleRate } = facts;
	const size = width !== undefined && height !== undefined ? ` ${width}x${height}` : "";
	const rate = sampleRate !== undefined ? ` ${sampleRate / 1000} kHz` : "";
	const parts = [videoCodec && `${videoCodec}${size}`, audioCodec && `${audioCodec}${rate}`];
	return parts.filter(part => part !== undefined && part !== "").join(" + ");
}
