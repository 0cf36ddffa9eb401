import { ByteReader } from "../bytes/index.ts";

/** What a VPCodecConfigurationRecord says (VP Codec ISO Media File Format Binding §2.2). */
export type VpxConfiguration = {
	readonly profile: number;
	/** Ten times the level; 0 where it is unknown. */
	readonly level: number;
	readonly bitDepth: number;
	/** 0 and 1: 4:2:0; 2: 4:2:2; 3: 4:4:4. */
	readonly chromaSubsampling: number;
	/** Such as `vp09.00.31.08`. */
	readonly codec: string;
};

/**
 * Reads the VPCodecConfigurationRecord of VP8 or VP9, with or without the version and flags that the `vpcC` box has in
 * front of it: muxers differ. Throws `PeerError` (`MESSAGE_MALFORMED`).
 */
export function parseVpxConfiguration(record: Uint8Array, name: "vp08" | "vp09"): VpxConfiguration {
	const reader = new ByteReader(record, "MESSAGE_MALFORMED");
	// A bit depth of zero does not exist, so 01 00 00 00 cannot be profile 1 at level 0.
	if (record[0] === 1 && record[1] === 0 && record[2] === 0 && record[3] === 0) reader.skip(4);
	const profile = reader.u8();
	const level = reader.u8();
	const depthAndChroma = reader.u8();
	reader.skip(3);
	const bitDepth = depthAndChroma >> 4;
	const codec = `${name}.${decimal(profile)}.${decimal(level)}.${decimal(bitDepth)}`;
	return { profile, level, bitDepth, chromaSubsampling: (depthAndChroma >> 1) & 7, codec };
}

function decimal(value: number): string {
	return String(value).padStart(2, "0");
}
